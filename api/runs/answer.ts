// Gives a run what it waits for from a person.
import {
  ApplicationFailure,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { answer as update, type Answer } from '../../workflows/runtime/messages.ts';
import { withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import { ApiError, wrongFields } from '../errors.ts';
import { requireOpen, statusSoon } from './control.ts';
import type { RunStatus } from './status.ts';

/** The run itself accepts or refuses: that takes a worker. */
const confirmedWithinMs = 2000;

export async function answerRun(deps: Core, id: string, answer: Answer): Promise<RunStatus> {
  await withDeadline(deps, () => requireOpen(deps, id, 'answer'));
  await withDeadline(deps, () => send(deps, id, answer), confirmedWithinMs);
  return withDeadline(deps, () => statusSoon(deps, id));
}

async function send({ client }: Core, id: string, answer: Answer): Promise<void> {
  try {
    await client.workflow.getHandle(id).executeUpdate(update, { args: [answer] });
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) throw refused(id, error.cause);
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) throw notConfirmed(error);
    if (error instanceof WorkflowNotFoundError) {
      throw new ApiError(400, 'wrong_state', `Cannot answer run '${id}': it ended before the answer reached it`);
    }
    throw error;
  }
}

/** The reason is the run's own sentence when it is the one about the wait; other failures stay inside. */
function refused(id: string, cause: unknown): ApiError {
  const type = cause instanceof ApplicationFailure ? cause.type : undefined;
  if (cause instanceof ApplicationFailure && type === 'InvalidAnswer')
    return wrongFields({ loc: ['body', 'value'], msg: cause.message, type: 'invalid_answer' });
  const notWaiting = cause instanceof ApplicationFailure && type === 'NotWaiting';
  const why = notWaiting ? cause.message : 'the run refused it';
  return new ApiError(409, notWaiting ? 'not_waiting' : 'answer_refused', `Cannot answer run '${id}': ${why}`, {
    cause,
  });
}

const notConfirmed = (cause: unknown): ApiError =>
  new ApiError(
    503,
    'answer_not_confirmed',
    'The run did not confirm the answer in time: perhaps no worker is there. It may still be taken; waiting_for of the run tells.',
    { headers: { 'Retry-After': '2' }, cause },
  );
