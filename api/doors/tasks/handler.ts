// The creation of a task without HTTP: from an event of a serverless platform to the answer that it wants.
import { randomUUID } from 'node:crypto';
import { createCore } from '../../core.ts';
import type { ApiDeps } from '../../deps.ts';
import { toApiError } from '../../envelope.ts';
import { createTask, parseBody } from './create.ts';

export interface HandlerAnswer {
  statusCode: number;
  headers: Record<string, string>;
  /** JSON. */
  body: string;
}

/** An event is `{desired_action, task_type}`, or has that as its `body`: as text, or in base64 as gateways may send it. */
export function createHandler(given: ApiDeps): (event: unknown) => Promise<HandlerAnswer> {
  // Who may send an event, its platform has decided: what it makes belongs to nobody.
  const deps = createCore({ ...given, auth: undefined });
  return async (event) => {
    try {
      return answer(200, await createTask(deps, requestIn(event), new AbortController().signal));
    } catch (thrown) {
      const error = toApiError(thrown, deps.config.showFaults);
      const request_id = randomUUID();
      if (error.status >= 500)
        deps.log.error({ request_id, err: error.cause ?? thrown, type: error.type }, error.message);
      const { status, message, more, type, detail, headers } = error;
      return answer(status, { message, ...more, type, detail, request_id }, headers);
    }
  };
}

function requestIn(event: unknown): unknown {
  if (typeof event !== 'object' || event === null || !('body' in event)) return event;
  const { body } = event;
  if (typeof body !== 'string') return body;
  const encoded = 'isBase64Encoded' in event && event.isBase64Encoded === true;
  return parseBody(encoded ? Buffer.from(body, 'base64').toString() : body);
}

const answer = (statusCode: number, body: object, headers: Record<string, string> = {}): HandlerAnswer => ({
  statusCode,
  headers: { 'Content-Type': 'application/json', ...headers },
  body: JSON.stringify(body),
});
