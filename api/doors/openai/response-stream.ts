// A response as a stream: its run's events in OpenAI's words, from any number on, without any limit of time.
import type { Context } from 'hono';
import type { Core } from '../../deps.ts';
import { type Frame, isTerminal } from '../../events/event.ts';
import { subscribe } from '../../events-answer.ts';
import { sendLines } from './lines.ts';
import { since } from './item.ts';
import { createOutput } from './output.ts';
import { readResponse, type ResponseObject } from './response.ts';

export interface Wanted {
  run: string;
  /** The number of the last event that the client has. */
  after: number;
}

interface LifeEvent {
  type: string;
  sequence_number: number;
  response: ResponseObject;
}

export async function streamResponse(deps: Core, c: Context, { run, after }: Wanted): Promise<Response> {
  const output = createOutput(run);
  const now = await readResponse(deps, run, []);
  // Last, for nobody would close it if what comes after it failed.
  const subscription = await subscribe(deps, run);
  let begun = false;

  const begin = (): LifeEvent[] => {
    if (begun) return [];
    begun = true;
    const response: ResponseObject = { ...now, status: 'in_progress', completed_at: null, error: null, usage: null };
    return ['response.created', 'response.in_progress'].map((type) => life(type, output.sequence.next(), response));
  };

  const end = async (): Promise<LifeEvent[]> => {
    const response = await readResponse(deps, run, output.items());
    const number = output.sequence.next();
    // Whoever was shown a text that nobody knows any more has a higher number; the end it is told in any case.
    return number === after ? [] : [life(endOf(response), Math.max(number, after + 1), response)];
  };

  const tell = async (frame: Frame): Promise<string> => {
    const started = begin();
    const told = output.take(frame);
    if (told === 'unclear') {
      subscription.close();
      return line(changed(output.sequence.next()));
    }
    const rest = told.map((event) => since(event, after)).filter((event) => event !== undefined);
    const first = started.filter(({ sequence_number }) => sequence_number > after);
    const last = isTerminal(frame.type) ? await end() : [];
    return [...first, ...rest, ...last].map(line).join('');
  };

  return sendLines(c, subscription, tell);
}

const life = (type: string, sequence_number: number, response: ResponseObject): LifeEvent => ({
  type,
  sequence_number,
  response,
});

function endOf({ status }: ResponseObject): string {
  if (status === 'completed' || status === 'failed') return `response.${status}`;
  return 'response.incomplete';
}

const line = (event: { type: string }): string => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

const changed = (sequence_number: number) => ({
  type: 'error',
  sequence_number,
  code: 'text_changed',
  message: 'The text that was told is not the one that was kept. Retrieve the response: it goes on.',
  param: null,
});
