// For tests of the chat over a page: a world, the API on it, a web site, and a client as the format's own are.
import type { RequestListener } from 'node:http';
import { type ApiStage, json, openApiStage, type StageOptions } from '../api-stage.ts';
import { html, type Site, startSite } from '../pages/site.ts';
import { openWorld, type World } from '../world.ts';

export interface StepEvent {
  type: string;
  payload: Record<string, unknown> | null;
  messageId: string;
  step: string | null;
}

export interface MessageStage {
  world: World;
  api: ApiStage;
  site: Site;
  /** Address of a page with this body. */
  page(body: string): string;
  /** What the site answers at this path. */
  answers(path: string, answer: RequestListener): string;
  post(body: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Its messageId. @throws unless 200 */
  send(body: unknown): Promise<string>;
  get(id: string): Promise<Response>;
  /** All events, to the end of the stream. */
  events(id: string): Promise<StepEvent[]>;
  close(): Promise<void>;
}

export const asks = (content: string, more: object = {}) => ({ messages: [{ role: 'user', content }], ...more });

/** `options`: of the API. */
export async function openMessages(options: StageOptions = {}): Promise<MessageStage> {
  const answers = new Map<string, RequestListener>();
  const site = await startSite((request, response) => {
    const answer = answers.get(request.url ?? '');
    if (answer) answer(request, response);
    else response.writeHead(404).end();
  });
  const world = await openWorld({ pages: { allow: [site.origin] } });
  const api = await openApiStage(world, options);
  const set = (path: string, answer: RequestListener) => {
    answers.set(path, answer);
    return site.origin + path;
  };
  const post: MessageStage['post'] = (body, headers) => api.ask('POST', '/message', body, headers);
  const get = async (id: string) => api.ask('GET', `/message/${encodeURIComponent(id)}`);

  return {
    world,
    api,
    site,
    page: (body) => set(`/${answers.size}`, html(`<title>The docs</title><body>${body}</body>`)),
    answers: set,
    post,
    async send(body) {
      const answer = await post(body);
      if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
      return (await json<{ messageId: string }>(answer)).messageId;
    },
    get,
    events: async (id) => allOf(await get(id)),
    async close() {
      await api.close();
      await world.close();
      await site.close();
    },
  };
}

/**
 * As an EventSource calls its `onmessage`: events with a name are not given. An event that the end of the stream cuts is
 * dropped (https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation).
 */
export async function* eventsOf(answer: Response): AsyncGenerator<StepEvent> {
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of answer.body!) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop()!;
    for (const block of blocks) {
      const lines = block.split('\n').filter((line) => !line.startsWith(':'));
      if (lines.some((line) => !line.startsWith('data: '))) throw new Error(`not an unnamed event: ${block}`);
      if (lines.length > 0) yield JSON.parse(lines.map((line) => line.slice('data: '.length)).join('\n'));
    }
  }
}

export async function allOf(answer: Response): Promise<StepEvent[]> {
  const events: StepEvent[] = [];
  for await (const event of eventsOf(answer)) events.push(event);
  return events;
}

/** `load_docs STARTED`, … : what happened, without what was said. */
export const outline = (events: StepEvent[]): string[] =>
  events.map(({ type, step }) => (step === null ? type : `${step} ${type.replace('STEP_RUN_EVENT_TYPE_', '')}`));

/** What a client sees of a run of `rag` that nothing disturbs. */
export const wholeRag = [
  'start STARTED',
  'start COMPLETED',
  'load_docs STARTED',
  'load_docs COMPLETED',
  'reason_docs STARTED',
  'reason_docs COMPLETED',
  'generate_response STARTED',
  'generate_response COMPLETED',
  'result',
];
