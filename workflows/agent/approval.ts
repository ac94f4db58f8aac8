// Asks a person whether a tool may be called, and reads what comes back, which may be anything.
import { ApplicationFailure } from '@temporalio/workflow';
import type { ToolOutcome, ToolRequest } from '../../activities/tools/tool.ts';
import { askPerson, askWithin } from '../runtime/person.ts';
import type { AgentConfig } from './snapshot.ts';

/**
 * `args`: JSON text; as the model wrote them, or as the person edited them. `content`: for the model; of a call that was made
 * before, its result.
 */
export type Decision =
  { kind: 'approved'; args: string } | { kind: 'rejected'; content: string } | { kind: 'reused'; content: string };

type Asks = Extract<ToolOutcome, { kind: 'needs_approval' }>;

/** A memo holds all that a run waits for: longer arguments are in the step's result. */
const mostShown = 1000;

export async function approved(request: ToolRequest, asks: Asks, config: AgentConfig): Promise<Decision> {
  const { tool, tool_call_id, args } = request;
  const given: Given = { args, reusable: asks.earlier?.result?.content };
  const shown = JSON.stringify(asks.args) ?? '';
  const { approval_timeout_s: seconds, on_approval_timeout: on_timeout } = config;
  const question = {
    name: tool,
    kind: 'approval',
    question: `${asks.question}\n\n${tool}(${cut(shown)})`,
    about: {
      tool,
      tool_call_id,
      args: shown.length <= mostShown ? asks.args : cut(shown),
      ...(seconds !== null && { on_timeout }),
    },
    objection: (value: unknown) => (decisionOf(value, given) ? undefined : wanted(given)),
  } as const;
  if (seconds === null) return decisionOf(await askPerson(question), given) ?? unclear;
  const answer = await askWithin(seconds * 1000, question);
  return answer.kind === 'late' ? unanswered(request, config) : (decisionOf(answer.value, given) ?? unclear);
}

function unanswered({ tool, args }: ToolRequest, config: AgentConfig): Decision {
  const { approval_timeout_s: seconds, on_approval_timeout } = config;
  switch (on_approval_timeout) {
    case 'approve':
      return { kind: 'approved', args };
    case 'reject':
      return rejected(`nobody answered within ${seconds} seconds`);
    case 'fail':
      throw ApplicationFailure.nonRetryable(
        `Nobody said within ${seconds} seconds whether ${tool} may be called.`,
        'ApprovalTimedOut',
      );
  }
}

/** `reusable`: what the call was answered with when it was made before. */
interface Given {
  args: string;
  reusable: string | undefined;
}

const wanted = ({ reusable }: Given): string =>
  'An approval is answered with {"decision": "approve"}, {"decision": "approve", "args": {…}} with other arguments, ' +
  `${reusable === undefined ? '' : '{"decision": "reuse"} for the earlier result, '}or {"decision": "reject", "reason": "…"}.`;

const cut = (text: string): string => (text.length <= mostShown ? text : `${text.slice(0, mostShown)}…`);

const rejected = (why: string): Decision => ({
  kind: 'rejected',
  content: `The call was rejected, and has not been made: ${why}`,
});

/** Also `true`, `false`, `"approve"` and `"reject"`. Undefined: it says neither yes nor no. */
function decisionOf(value: unknown, { args, reusable }: Given): Decision | undefined {
  if (value === true || value === 'approve') return { kind: 'approved', args };
  if (value === false || value === 'reject') return rejected('no reason was given');
  if (typeof value !== 'object' || value === null || !('decision' in value)) return undefined;
  if (value.decision === 'reuse' && reusable !== undefined) return { kind: 'reused', content: reusable };
  if (value.decision === 'reject') return rejected(reasonOf(value));
  if (value.decision !== 'approve') return undefined;
  if (!('args' in value) || value.args === undefined) return { kind: 'approved', args };
  return typeof value.args === 'object' && value.args !== null
    ? { kind: 'approved', args: JSON.stringify(value.args) }
    : undefined;
}

/** Such an answer is refused; one that a fork was given in its place is not. */
const unclear = rejected('the answer says neither yes nor no');

const reasonOf = (value: object): string =>
  'reason' in value && typeof value.reason === 'string' && value.reason !== '' ? value.reason : 'no reason was given';
