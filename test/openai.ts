// A fake OpenAI server that says what a test tells it to and keeps a ledger of every request that reached it.
//
//   const openai = await startOpenAI();              // { url, ledger, script, matching, until, reset, close }
//   OPENAI_BASE_URL = openai.url                     // ends with /v1; speaks Responses and chat completions, streamed
//   openai.script({ text: 'Paris' });                // the next request gets this answer (scripts are used in order)
//   openai.script({ match: /weather/, calls: [{ name: 'look', arguments: { city: 'Oslo' } }] });
//   openai.script({ tokens: 50, tokenMs: 20 });      // a slow answer of 50 tokens: time to pause, cancel, kill
//   openai.script({ fault: { status: 429, retryAfterMs: 300 }, times: 2 });
//   openai.script({ fault: 'stall', afterTokens: 5, times: Infinity });
//   openai.ledger[0].prompt / .outcome / .tokens / .closed_at   // what was asked, how it ended, what we had sent
//   await openai.until(() => openai.matching(/weather/).some((call) => call.tokens > 3));
//
// A request that no script matches gets `defaultAnswer(last user message)`. `background: true` responses go on after
// their client has gone; GET /v1/responses/{id}[?stream=true&starting_after=n] and POST …/cancel work on them.
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Asked } from '../activities/model/server/asked.ts';
import { createBackground } from './openai-background.ts';
import { serve } from './openai-http.ts';
import type { Call, Script } from './openai-script.ts';

export { defaultAnswer } from './openai-speech.ts';
export type { Call, Fault, Script } from './openai-script.ts';

export interface FakeOpenAI {
  url: string;
  ledger: Call[];
  script(script: Script): void;
  /** The model calls (not retrieve or cancel) whose messages contain this. */
  matching(match: NonNullable<Script['match']>): Call[];
  /** Waits until the predicate holds. @throws after `ms` (5000). */
  until(predicate: () => boolean, ms?: number): Promise<void>;
  /** Forgets scripts and ledger. */
  reset(): void;
  close(): Promise<void>;
}

const fits = (match: Script['match'], asked: Asked): boolean => {
  if (match === undefined) return true;
  if (typeof match === 'function') return match(asked);
  const all = asked.said.map(({ text }) => text).join('\n');
  return typeof match === 'string' ? all.includes(match) : match.test(all);
};

export async function startOpenAI(options: { port?: number } = {}): Promise<FakeOpenAI> {
  const ledger: Call[] = [];
  const scripts: (Script & { times: number })[] = [];
  const background = createBackground();
  const next = (asked: Asked): Script => {
    const found = scripts.findIndex((script) => fits(script.match, asked));
    const script = scripts[found];
    if (script === undefined) return {};
    script.times -= 1;
    if (script.times <= 0) scripts.splice(found, 1);
    return script;
  };
  const server = createServer((request, response) => {
    void serve(request, response, ledger, next, background);
  });
  await new Promise<void>((resolve) => void server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The fake OpenAI server has no port.');
  return {
    url: `http://127.0.0.1:${address.port}/v1`,
    ledger,
    script: (script) => void scripts.push({ ...script, times: script.times ?? 1 }),
    matching: (match) => ledger.filter(({ asked }) => asked !== undefined && fits(match, asked)),
    until,
    reset: () => {
      ledger.length = 0;
      scripts.length = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function until(predicate: () => boolean, ms = 5000): Promise<void> {
  const end = Date.now() + ms;
  while (!predicate()) {
    if (Date.now() > end) throw new Error(`Did not come true within ${ms} ms: ${predicate.toString()}`);
    await sleep(5);
  }
}
