// Whether a tool is called again that a run with the same past has called already: before the call is made, that is looked for.
import type { Place } from '../journal/batch.ts';
import { type EarlierCall, earlierCalls } from './earlier.ts';
import { createLineage, type Histories } from './lineage.ts';
import type { Again, AnyTool, ToolOutcome, ToolRequest } from './tool.ts';

/**
 * Undefined: it may be called, as far as this goes. `held`: what becomes of it instead.
 */
export type LookBack = (
  tool: AnyTool,
  args: unknown,
  request: ToolRequest,
  self: Place,
) => Promise<ToolOutcome | undefined>;

/** Without histories nobody is asked. */
export function createLookBack(histories: Histories | undefined): LookBack {
  if (!histories) return () => Promise.resolve(undefined);
  const lineageOf = createLineage(histories);
  return async (tool, args, request, self) => {
    const policy = policyOf(tool, request);
    if (policy === 'reexecute') return undefined;
    const { own, branches, gone } = await lineageOf(self);
    if (branches.length === 0 && gone.length === 0) return undefined;
    if (request.repeat !== undefined && own.has(request.repeat)) return undefined;
    const found = await earlierCalls(tool.name, branches, histories.read);
    // Without a yes a tool that needs one only asks, however that ended.
    const calls = found.calls.filter(({ approved }) => approved || tool.approval === 'never');
    if (calls.length === 0 && gone.length === 0 && found.complete) return undefined;
    const same = calls.filter(({ state, args: theirs }) => state === 'done' && isSame(theirs, args)).at(-1);
    if (policy === 'reuse' && same?.result)
      return { kind: 'result', ...same.result, reused: { run: same.run, at: timeText(same) } };
    const result = (same ?? calls.findLast(({ state }) => state === 'done'))?.result;
    const question = questionOf(tool.name, calls, gone[0]);
    return { kind: 'needs_approval', args, question, earlier: { asked_in: self.timeline, ...(result && { result }) } };
  };
}

function policyOf({ again, effect }: AnyTool, request: ToolRequest): Again {
  return request.again ?? again ?? (effect === 'external' ? 'ask' : 'reexecute');
}

function isSame(theirs: string, args: unknown): boolean {
  try {
    return canonical(JSON.parse(theirs.trim() === '' ? '{}' : theirs)) === canonical(args);
  } catch {
    return false;
  }
}

/** The order of keys means nothing. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

/** It stands in a memo with all that the run waits for, so it is short; the calls stand in the histories that they are of. */
function questionOf(tool: string, calls: EarlierCall[], gone: string | undefined): string {
  const last = calls.at(-1);
  if (!last) {
    const why = gone === undefined ? 'there is too much to look through' : `run ${gone} is gone`;
    return `Whether ${tool} was called before by the run that this one comes from cannot be known: ${why}. May it be called?`;
  }
  const often = calls.length > 1 ? `${calls.length} times before, the last time` : 'before,';
  const reuse = calls.some(({ state }) => state === 'done') ? ' {"decision": "reuse"} takes the earlier result.' : '';
  return (
    `${tool} was called ${often} by run ${last.run} at ${timeText(last)} with ${cut(last.args, 200)}: ` +
    `${becameOf(last)} May it be called again?${reuse}`
  );
}

function becameOf({ state, result }: EarlierCall): string {
  switch (state) {
    case 'done':
      return `done, with the result ${cut(result?.content ?? '', 200)}.`;
    case 'failed':
      return 'it failed.';
    case 'in_flight':
      return 'it has not ended yet.';
    case 'unknown':
      return 'how it ended is not known.';
  }
}

const timeText = ({ at }: EarlierCall): string => new Date(at).toISOString();

const cut = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most)}…`);
