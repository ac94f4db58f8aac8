// Responses: made, awaited, cancelled, deleted. https://platform.openai.com/docs/api-reference/responses
import type { Context } from 'hono';
import type { Arrivals } from '../../chat/arrivals.ts';
import { withDeadline } from '../../deadline.ts';
import type { Core } from '../../deps.ts';
import { noWorker } from '../../sessions/update.ts';
import { ApiError } from '../../errors.ts';
import { control } from '../../runs/control.ts';
import { requireRun } from '../../runs/describe.ts';
import { readStatus } from '../../runs/progress.ts';
import { removeRun } from '../../runs/remove.ts';
import type { Asked } from '../../runs/started-before.ts';
import { isEnded } from '../../runs/status.ts';
import { refuseTools } from './ask.ts';
import { begin } from './conversation.ts';
import { awaitEnd } from './outcome.ts';
import { onceOnly } from './refusal.ts';
import type { ResponseRequest } from './request.ts';
import { readResponse, type ResponseObject, responseId } from './response.ts';
import { streamResponse } from './response-stream.ts';

/** A cancel is told as done when the run has heard it, in ms. */
const cancelledWithin = 2000;

/** Whoever leaves stops nothing: the run goes on, asked for in the background or not. */
export async function respond(
  deps: Core,
  arrivals: Arrivals,
  c: Context,
  request: ResponseRequest,
  asked: Asked,
): Promise<Response> {
  const { stream, background, tools } = request;
  const left = c.req.raw.signal;
  refuseTools(tools);
  if (!stream && !background && !(await deps.workers.present())) throw noWorker();
  const run = await begin(deps, arrivals, { request, asked, left });
  c.header('Location', `/v1/responses/${encodeURIComponent(responseId(run))}`);
  if (stream) return streamResponse(deps, c, { run, after: -1 });
  if (!background) await untilEnd(deps, run, left);
  return c.json(await readResponse(deps, run), 200);
}

/** One that takes too long is given as it is: in progress, to be retrieved. */
async function untilEnd(deps: Core, run: string, left: AbortSignal): Promise<void> {
  try {
    await awaitEnd(deps, run, left);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 408) throw error;
  }
}

export async function cancelResponse(deps: Core, run: string): Promise<ResponseObject> {
  const status = await withDeadline(deps, async () => readStatus(deps, await requireRun(deps, run)));
  if (!isEnded(status)) {
    await control(deps, run, { kind: 'cancel' });
    await deps.streams.result(run, cancelledWithin);
  }
  return readResponse(deps, run);
}

/** Throws ApiError 409 while it is in progress. */
export async function deleteResponse(deps: Core, run: string) {
  try {
    await removeRun(deps, run);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 409) throw error;
    const { type, detail } = error;
    throw new ApiError(409, type, detail, { headers: onceOnly });
  }
  return { id: responseId(run), object: 'response', deleted: true };
}
