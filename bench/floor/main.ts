// The floor: what plain Node takes for the same work, without anything being durable. POST /five takes five steps that do
// nothing; POST /relay asks the model (its address is the first argument) and passes its stream on.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { serve } from '../serving.ts';

const [model = ''] = process.argv.slice(2);

const idle = () => Promise.resolve();

async function five(response: ServerResponse): Promise<void> {
  for (let i = 1; i <= 5; i++) await idle();
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ result: 'done' }));
}

async function relay(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = Buffer.concat(await request.toArray());
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${model}/responses`, { method: 'POST', headers, body });
  if (!answer.body) throw new Error('The model answered without a stream.');
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  await pipeline(Readable.fromWeb(answer.body), response);
}

await serve((request, response) => (request.url === '/five' ? five(response) : relay(request, response)));
process.exit(0);
