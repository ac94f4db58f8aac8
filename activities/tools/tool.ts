// What a tool is, and what a workflow asks of one and gets.
import { z } from 'zod';
import type { Effect } from '../effects.ts';
import type { Page, PageRequest } from '../page/page.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { McpCall } from './mcp/server.ts';

/** The world as tools may touch it. */
export interface ToolDeps {
  /** The guarded fetcher. */
  fetchPage: (request: PageRequest) => Promise<Page>;
  sandbox: Sandbox;
  /** WAYMARK_DATA. */
  data: string;
}

export interface ToolContext extends ToolDeps {
  /** The same whenever this very call is made again, by another attempt or by a fork: what was done under it is done. */
  key: string;
  /** Aborts when the call must end at once. */
  signal: AbortSignal;
}

interface Offered<A> {
  name: string;
  /** For the model. */
  description: string;
  input: z.ZodType<A>;
  effect: Effect;
  /** `always`: a person is asked before each call. */
  approval: 'never' | 'always';
  /** Absent: `ask` when its effect is external, else `reexecute`. */
  again?: Again;
}

/**
 * What becomes of a call in a fork, or after a restore, when the tool was called already behind the point at which it parted.
 * `reexecute`: it is made. `ask`: a person is asked. `reuse`: with the same arguments the earlier result is taken, else a
 * person is asked.
 */
export type Again = 'reuse' | 'reexecute' | 'ask';

/** `A`: its arguments. What it throws is told to the model, unless it is a Fault. */
export type Tool<A> = Offered<A> &
  (
    | {
        /** A text, or anything that JSON can say. */
        run: (args: A, call: ToolContext) => Promise<unknown>;
        /** What the model is told of it, when that is not the value itself. */
        tell?: (value: unknown) => string;
      }
    /** Asks a person, whose answer is the result. */
    | { ask: (args: A) => string }
  );

/** A tool whose arguments nobody knows the type of any more. */
export interface AnyTool extends Omit<Offered<unknown>, 'input'> {
  /** JSON Schema of the arguments. */
  parameters: Record<string, unknown>;
  read(args: unknown): Ready | { kind: 'wrong'; message: string };
}

/** A call whose arguments fit. */
export type Ready =
  | { kind: 'run'; args: unknown; run: (call: ToolContext) => Promise<unknown>; tell?: (value: unknown) => string }
  | { kind: 'ask'; args: unknown; question: string };

/** Makes a tool fit for the list of all tools. */
export function tool<A>(given: Tool<A>): AnyTool {
  const { name, description, effect, approval, again, input } = given;
  const { $schema: _, ...parameters } = z.toJSONSchema(input, { io: 'input' });
  return {
    name,
    description,
    effect,
    approval,
    again,
    parameters,
    read(args) {
      const { data, error } = input.safeParse(args);
      if (error) return { kind: 'wrong', message: error.issues.slice(0, 10).map(told).join('; ') };
      if ('ask' in given) return { kind: 'ask', args: data, question: given.ask(data) };
      return { kind: 'run', args: data, run: (call) => given.run(data, call), tell: given.tell };
    },
  };
}

const told = ({ path, message }: z.core.$ZodIssue): string =>
  (path.length === 0 ? message : `${path.join('.')}: ${message}`).slice(0, 300);

/** One call, as the model asked for it. */
export interface ToolRequest {
  tool: string;
  /** JSON text, as the model wrote it: it may be anything. */
  args: string;
  tool_call_id: string;
  /** A person has said yes. */
  approved?: true;
  /** The run that all of the family comes from; of a sub-agent also its place in there. */
  root: string;
  /** A tool of a server's, by MCP. */
  server?: McpCall;
  /** Where in `root` it is called: no two calls of it have the same. */
  place?: string;
  /** As the agent has it for this tool. */
  again?: Again;
  /** A person has said that it may be made though it was made before; the timeline in which that was asked. */
  repeat?: string;
}

export interface Earlier {
  /** The timeline that asks. */
  asked_in: string;
  result?: { content: string; value?: unknown };
}

export type ToolOutcome =
  /** `value`: what `content` stands for, when it is more than a text. */
  | { kind: 'result'; content: string; value?: unknown; reused?: { run: string; at: string } }
  /** `made`: false when the tool was not reached. */
  | { kind: 'error'; content: string; made?: false }
  /** `earlier`: it was made before, or that cannot be known. `result`: what may be taken instead. */
  | { kind: 'needs_approval'; args: unknown; question: string; earlier?: Earlier }
  | { kind: 'asks_person'; question: string }
  | { kind: 'unknown'; content: string };
