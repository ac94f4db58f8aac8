// The step that calls a tool: whatever a model wrote comes back as an outcome that the model can be told.
import { createHash } from 'node:crypto';
import { currentAttempt } from '../attempt.ts';
import { Fault, isSystemError } from '../failures.ts';
import type { LookBack } from './again.ts';
import { toolNamed } from './index.ts';
import type { Mcp } from './mcp/mcp.ts';
import { mcpTool } from './mcp/tool.ts';
import type { AnyTool, Ready, ToolDeps, ToolOutcome, ToolRequest } from './tool.ts';

export type CallTool = (request: ToolRequest) => Promise<ToolOutcome>;

const mostArgs = 256 * 1024;
const deepestArgs = 100;
/** Of what the model is told. */
const mostContent = 200_000;

interface CallDeps extends ToolDeps {
  mcp: Mcp;
  lookBack: LookBack;
}

export const createCallTool =
  ({ mcp, lookBack, ...deps }: CallDeps): CallTool =>
  async (request) => {
    const tool = request.server ? mcpTool(request.tool, request.server, mcp) : toolNamed(request.tool);
    if (!tool) return { kind: 'unknown', content: `Tool ${request.tool} not found.` };
    const given = parsed(request.args);
    if (given.kind === 'wrong') return wrong(tool, given.message);
    const ready = tool.read(given.value);
    if (ready.kind === 'wrong') return wrong(tool, ready.message);
    const held = await lookBack(tool, ready.args, request, currentAttempt().key);
    if (held) return held;
    if (tool.approval === 'always' && request.approved !== true)
      return { kind: 'needs_approval', args: ready.args, question: `May ${tool.name} be called?` };
    return ready.kind === 'ask' ? { kind: 'asks_person', question: ready.question } : run(ready, request, deps);
  };

async function run(ready: Extract<Ready, { kind: 'run' }>, request: ToolRequest, deps: ToolDeps): Promise<ToolOutcome> {
  const { key, signal } = currentAttempt();
  try {
    const value = await ready.run({ ...deps, key: keyOf(request, key.step, ready.args), signal });
    if (ready.tell) return { kind: 'result', content: ready.tell(value), value };
    const content = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'Done.');
    return { kind: 'result', content: cut(content) };
  } catch (error) {
    // Ours, not the tool's: it is taken again, or the attempt is over anyway.
    if (signal.aborted || error instanceof Fault || isSystemError(error)) throw error;
    return {
      kind: 'error',
      content: cut(`${request.tool} failed: ${error instanceof Error ? error.message : 'no reason'}`),
    };
  }
}

/**
 * The same for an attempt that comes again, and for a fork that comes by here again with the same arguments: who was called
 * under it before may leave it at that. Another one when a person wants it done once more.
 */
const keyOf = ({ root, tool, place, repeat }: ToolRequest, step: string, args: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify([root, place ?? step, tool, args, ...(repeat === undefined ? [] : [repeat])]))
    .digest('hex');

const wrong = ({ name }: AnyTool, message: string): ToolOutcome => ({
  kind: 'error',
  made: false,
  content: `The arguments do not fit ${name}: ${message}`,
});

const cut = (content: string): string =>
  content.length <= mostContent
    ? content
    : `${content.slice(0, mostContent)}\n[cut: ${content.length - mostContent} characters more]`;

type Parsed = { kind: 'value'; value: unknown } | { kind: 'wrong'; message: string };

/** No text at all is what some models write when there are no arguments. */
function parsed(args: string): Parsed {
  if (args.length > mostArgs) return { kind: 'wrong', message: `they are longer than ${mostArgs} characters.` };
  try {
    const value: unknown = JSON.parse(args.trim() === '' ? '{}' : args);
    if (isDeeper(value, deepestArgs)) return { kind: 'wrong', message: `they are nested deeper than ${deepestArgs}.` };
    return { kind: 'value', value };
  } catch (error) {
    return { kind: 'wrong', message: `they are not JSON (${error instanceof Error ? error.message : 'unreadable'}).` };
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}
