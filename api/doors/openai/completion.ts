// Chat completions: an agent answers messages. https://platform.openai.com/docs/api-reference/chat
import type { Context } from 'hono';
import type { Core } from '../../deps.ts';
import { type Asked, startedBefore } from '../../runs/started-before.ts';
import { noWorker } from '../../sessions/update.ts';
import { ask, refuseTools } from './ask.ts';
import { readCompletion } from './completion-object.ts';
import { streamCompletion } from './completion-stream.ts';
import { spokenIn } from './content.ts';
import { awaitAnswer } from './outcome.ts';
import { badRequest } from './refusal.ts';
import type { CompletionRequest } from './request.ts';

export async function complete(deps: Core, c: Context, request: CompletionRequest, asked: Asked): Promise<Response> {
  const { model, n, messages, response_format, metadata, user, stream, stream_options, limits } = request;
  if (n !== undefined && n !== null && n !== 1)
    throw badRequest('n', 'n must be 1: an agent gives one answer.', 'n_not_supported');
  refuseTools(request.tools, request.functions);
  const spoken = spokenIn(messages, 'messages');
  const schema = response_format?.type === 'json_schema' ? response_format.json_schema?.schema : undefined;
  if (!stream && !(await deps.workers.present())) throw noWorker();
  const given = { metadata: metadata ?? undefined, user: user ?? undefined };
  const before = await startedBefore(deps, model, asked);
  const run = before?.id ?? (await ask(deps, { model, ...spoken, carried: 0, schema, ...given, limits, asked }));
  c.header('Location', `/api/runs/${encodeURIComponent(run)}`);
  if (stream) return streamCompletion(deps, c, run, { usage: stream_options?.include_usage ?? false });
  await awaitAnswer(deps, run, c.req.raw.signal);
  return c.json(await readCompletion(deps, run), 200);
}
