// The sandbox of this machine: prepared in the background, proved, then open for programs.
import { createAnswerReader } from './reader.ts';
import { openBox } from './box.ts';
import { createBoxes, type Boxes } from './boxes.ts';
import { defaultLimits, type SandboxConfig, usualIndex } from './config.ts';
import { createJail } from './jail.ts';
import { checkedOf, outcomeOf } from './outcome.ts';
import { prepare, type Prepared } from './prepare.ts';
import { prove } from './proof.ts';
import { type Limits, type Program, type Sandbox, type SandboxState, SandboxUnavailable } from './sandbox.ts';
import { stayIn } from './stay.ts';
import { syscallFilter } from './syscalls.ts';

/** Reading code takes next to nothing; what takes more is made to. */
const checking = { time_ms: 5000, cpu_s: 5, memory: 256 * 1024 ** 2, processes: 1 };

/** Begins to prepare at once. */
export function createSandbox(config: SandboxConfig): Sandbox {
  const limits: Limits = { ...defaultLimits, ...config.limits };
  const ending = new AbortController();
  const reader = createAnswerReader();
  let state: SandboxState = { kind: 'preparing' };
  let boxes: Boxes | undefined;

  const open = async (): Promise<SandboxState> => {
    const opened = await openBoxes(config, limits, ending.signal);
    boxes = opened.boxes;
    await prove(runIn(opened.boxes, 'bare'), limits, ending.signal);
    return { kind: 'ready', python: opened.prepared.python, packages: opened.prepared.packages };
  };
  const opening = open()
    .catch((error: unknown): SandboxState => ({ kind: 'unavailable', reason: reasonOf(error) }))
    .then((found) => (state = found));

  const runIn = (from: Boxes, load: 'pandas' | 'bare') => async (program: Program, signal: AbortSignal) => {
    const allowed = { ...limits, ...program.limits };
    const { code, inputs, frame = null } = program;
    const stay = await from.with(load, signal, (box) =>
      stayIn(box, { kind: 'call', code, inputs, frame }, allowed, signal),
    );
    return outcomeOf(stay, await reader.read(stay.answer), allowed);
  };

  /** Nothing runs where the boundary was not shown to stand. */
  const proved = async (signal: AbortSignal): Promise<Boxes> => {
    const found = await orAborted(opening, signal);
    if (found.kind === 'ready' && boxes) return boxes;
    throw new SandboxUnavailable(found.kind === 'unavailable' ? found.reason : 'The sandbox is being prepared.');
  };

  return {
    state: () => state,
    prepared: () => opening,
    async run(program, wanted) {
      const signal = AbortSignal.any([wanted, ending.signal]);
      return runIn(await proved(signal), 'pandas')(program, signal);
    },
    async check(code, wanted) {
      const signal = AbortSignal.any([wanted, ending.signal]);
      const allowed = { ...limits, ...checking };
      const from = await proved(signal);
      const stay = await from.with('bare', signal, (box) => stayIn(box, { kind: 'check', code }, allowed, signal));
      return checkedOf(stay, await reader.read(stay.answer), allowed);
    },
    async close() {
      ending.abort(new SandboxUnavailable('The service is ending.'));
      await opening;
      await boxes?.close();
      await reader.close();
    },
  };
}

async function openBoxes(
  config: SandboxConfig,
  limits: Limits,
  signal: AbortSignal,
): Promise<{ boxes: Boxes; prepared: Prepared }> {
  const { data, off = false, python = '', directory = '', index = usualIndex } = config;
  const { uid = 60_900, atOnce = 4, warm = 1, note = () => undefined } = config;
  if (off) throw new SandboxUnavailable('Python programs are switched off here: SANDBOX_OFF is set.');
  const filter = syscallFilter(process.arch);
  if (!filter) throw new SandboxUnavailable(`There is no sandbox for ${process.arch}: only for x64 and arm64.`);
  // No limit on processes binds root.
  const forOthers = process.getuid?.() === 0;
  const prepared = await prepare({ directory, data, python, index, forOthers, note }, signal);
  const jail = createJail(prepared, limits.disk, forOthers ? uid : undefined);
  return { prepared, boxes: createBoxes((load) => openBox(jail, filter, load), atOnce, warm) };
}

/** What people can mend says how; the rest says what it is. */
function reasonOf(error: unknown): string {
  if (error instanceof SandboxUnavailable) return error.message;
  return `The sandbox could not be prepared: ${error instanceof Error ? error.message : String(error)}`;
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<T>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort);
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', abort));
}
