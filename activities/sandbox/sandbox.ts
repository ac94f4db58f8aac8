// Python programs that nobody vouches for, and what becomes of them: the words that the rest of Waymark knows.
// docs/sandbox.md says what a sandbox is made of, and how another kind (a container for each run) would be one too.

export type Cell = string | number | boolean | null;

/** `integer` and `number` are numbers, `date` is ISO text, `mixed` has several kinds or nothing at all. */
export type ColumnType = 'boolean' | 'integer' | 'number' | 'text' | 'date' | 'mixed';

export interface Frame {
  columns: string[];
  /** Column by column, all of one length. A missing value is null. */
  values: Cell[][];
}

export interface GivenFrame extends Frame {
  /** What the columns are to Python: `date` makes datetimes of ISO text, `text` keeps text. Else as the values look. */
  types?: (ColumnType | undefined)[];
}

export interface ResultFrame extends Frame {
  types: ColumnType[];
}

export type Json = Cell | Json[] | { [key: string]: Json };

/** `date` reaches the function as a datetime; `value` is ISO text, a day or a moment. */
export type Input = { type: 'json'; value: Json } | { type: 'date'; value: string };

/** What one program may use. Times are on the clock, sizes in bytes. */
export interface Limits {
  time_ms: number;
  /** Seconds of processor, of each process. */
  cpu_s: number;
  /** Beyond what Python and pandas take themselves; of each process, and of all together. */
  memory: number;
  /** With their threads. */
  processes: number;
  /** On stdout and stderr together. */
  output: number;
  file_size: number;
  /** All its files together. */
  disk: number;
  open_files: number;
  /** The frame that it gives back, as JSON. */
  result_size: number;
}

export type LimitName =
  'time' | 'cpu' | 'memory' | 'processes' | 'output' | 'file_size' | 'disk' | 'open_files' | 'result_size';

/** `disk` is the same for all programs: its room is made before the program is known. */
export type ProgramLimits = Omit<Limits, 'disk'>;

export interface Program {
  /** Must define `main_function`, which is called with the inputs by name. */
  code: string;
  inputs: Record<string, Input>;
  /** Reaches the function as `input1`. */
  frame?: GivenFrame;
  /** Absent ones are the sandbox's own. */
  limits?: Partial<ProgramLimits>;
}

/** What is known of every program that was started, however it ended. */
export interface Ran {
  /** As far as it was said, at most `limits.output`. */
  stdout: string;
  stderr: string;
  duration_ms: number;
  /** The largest of its processes, Python itself included; or all of them, where that was seen to be more. */
  peak_bytes: number;
}

export type Outcome = Ran &
  (
    | { kind: 'result'; frame: ResultFrame }
    /** `message` as `ValueError: …`, `detail` says where, the traceback begins in the program. */
    | { kind: 'exception'; message: string; detail: string; traceback: string }
    /** `allowed` in ms, s, bytes or pieces, as in `Limits`. */
    | { kind: 'limit'; limit: LimitName; allowed: number }
    /** `got`: the type of what it gave instead. */
    | { kind: 'no_frame'; got: string }
    /** It left, or was ended by a signal, without an answer. */
    | { kind: 'exited'; code: number | null; signal: string | null }
    | { kind: 'missing_package'; name: string }
    | InvalidCode
  );

export interface InvalidCode {
  kind: 'invalid_code';
  message: string;
  line: number | null;
}

export interface Parameter {
  name: string;
  /** `positional` cannot be given by name; `rest` is *args, `keywords` is **kwargs. */
  kind: 'positional' | 'plain' | 'keyword' | 'rest' | 'keywords';
  optional: boolean;
}

export type Checked =
  /** `imports`: the first names of what it imports anywhere, in order. */
  | { kind: 'function'; parameters: Parameter[]; imports: string[] }
  | InvalidCode
  | { kind: 'limit'; limit: LimitName; allowed: number };

export type SandboxState =
  | { kind: 'preparing' }
  /** `packages`: name → version, of what programs may import besides Python's own. */
  | { kind: 'ready'; python: string; packages: Record<string, string> }
  | { kind: 'unavailable'; reason: string };

export interface Sandbox {
  state(): SandboxState;
  /** Settles when it is no longer preparing. */
  prepared(): Promise<SandboxState>;
  /**
   * Waits while the sandbox is being prepared, and while as many programs run as may at once.
   * @param signal ends the program at once; rejects with its reason
   * @throws SandboxUnavailable
   */
  run(program: Program, signal: AbortSignal): Promise<Outcome>;
  /** Whether code parses, and what its `main_function` takes; the code is not run. */
  check(code: string, signal: AbortSignal): Promise<Checked>;
  /** Ends what runs. */
  close(): Promise<void>;
}

/** There is no sandbox here, or it did not start: `message` says why and what to do. Programs are not run without one. */
export class SandboxUnavailable extends Error {
  override readonly name = 'SandboxUnavailable';
}
