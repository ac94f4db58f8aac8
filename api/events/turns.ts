// The turns of a run: what the model was asked and what it answered, by the place where the answer is recorded.
import { z } from 'zod';
import type { Message, ModelRequest, ToolCall } from '../../activities/model/model.ts';
import type { Happening } from './happening.ts';
import { openedBytes, openPayload, valueOf, type Open, type Opened } from './payload.ts';
import type { Checkpoint } from './view.ts';
import { keyOf, placeOf } from './where.ts';

/** A step that asked the model. What it asked is not told when a journal has left it out for its size. */
export interface Turn {
  asked: Opened | undefined;
  answered: Pick<z.infer<typeof reply>, 'text' | 'tool_calls' | 'model'>;
}

const call: z.ZodType<ToolCall> = z.object({
  id: z.string(),
  type: z.literal('function'),
  function: z.object({ name: z.string(), arguments: z.string() }),
});

const reply = z.object({
  text: z.string(),
  finish: z.enum(['complete', 'incomplete']),
  tool_calls: z.array(call).default([]),
  model: z.string().optional(),
});

const message: z.ZodType<Message> = z.union([
  z.object({ role: z.enum(['system', 'developer', 'user']), content: z.string() }),
  z.object({ role: z.literal('assistant'), content: z.string(), tool_calls: z.array(call).optional() }),
  z.object({ role: z.literal('tool'), content: z.string(), tool_call_id: z.string() }),
]);

export type Asked = Pick<ModelRequest, 'model' | 'before' | 'messages' | 'temperature' | 'keep'> & {
  tools?: { name: string }[];
};

const named = z.string().transform((name) => ({ name }));

/** Checked as far as it is relied on: anybody may have written an activity's argument. */
const asked: z.ZodType<Asked> = z.object({
  model: z.string().optional(),
  before: z.string().optional(),
  messages: z.array(message),
  temperature: z.number().optional(),
  tools: z.array(z.union([z.object({ name: z.string() }), named])).optional(),
  keep: z.boolean().optional(),
});

/** Undefined when it is not known, or was none of ours. Over 1 MiB it is left closed, as everywhere. */
export async function askedIn({ asked: given }: Turn, open: Open): Promise<Asked | undefined> {
  const opened = given?.state === 'large' ? await openPayload(open, given.payload, openedBytes) : given;
  return asked.safeParse(valueOf(opened)).data;
}

export interface Held {
  place: Checkpoint;
  input: Opened | undefined;
  result: Opened | undefined;
}

export interface Turns {
  take(happening: Happening, timeline: string): void;
  /** The turn whose answer completed the step at that place. */
  at(place: Checkpoint): Turn | undefined;
  /** The newest completed step of the wanted timeline up to the wanted event, whatever it is. */
  held(): Held | undefined;
  /** A timeline goes on with what its journal tells: questions over 2 KiB stand in none. */
  goesOn(): void;
}

/** activities/journal/commands.ts */
const inJournalBytes = 2048;

export function createTurns(wanted?: Checkpoint): Turns {
  const inputs = new Map<string, Opened | undefined>();
  const turns = new Map<string, Turn>();
  let held: Held | undefined;

  const completed = (place: Checkpoint, input: Opened | undefined, result: Opened | undefined) => {
    const answered = asReply(valueOf(result));
    if (answered) turns.set(placeKey(place), { asked: input, answered });
    if (place.timeline === wanted?.timeline && place.event <= wanted.event) held = { place, input, result };
  };

  return {
    take(happening, timeline) {
      const place = placeOf({ timeline }, happening);
      if (happening.kind === 'step_scheduled') inputs.set(placeKey(place), happening.input);
      if (!hasEnded(happening)) return;
      const key = keyOf({ timeline }, happening, happening.scheduled);
      if (happening.kind === 'step_completed') completed(place, inputs.get(key), happening.result);
      inputs.delete(key);
    },
    at: (place) => turns.get(placeKey(place)),
    held: () => held,
    goesOn() {
      for (const [key, { asked, answered }] of turns)
        if (asked && asked.bytes > inJournalBytes) turns.set(key, { asked: undefined, answered });
    },
  };
}

type StepEnd = Extract<Happening, { kind: 'step_completed' | 'step_failed' | 'step_timed_out' | 'step_cancelled' }>;

const ends: ReadonlySet<Happening['kind']> = new Set<StepEnd['kind']>([
  'step_completed',
  'step_failed',
  'step_timed_out',
  'step_cancelled',
]);

const hasEnded = (happening: Happening): happening is StepEnd & Happening => ends.has(happening.kind);

export const placeKey = ({ timeline, event }: Checkpoint): string => `${timeline}/${event}`;

/** Most results are no reply, and saying in detail why not would cost more than all the rest. */
const asReply = (value: unknown): Turn['answered'] | undefined =>
  typeof value === 'object' && value !== null && 'finish' in value ? reply.safeParse(value).data : undefined;
