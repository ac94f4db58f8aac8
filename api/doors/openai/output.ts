// Tells what a run says as the items of an OpenAI response: each model step that speaks is a message.
import { type Frame, isTerminal } from '../../events/event.ts';
import { eventIds } from '../../events/id.ts';
import { beginItem, endItem, type ItemEvent, type Message, type OutputItem, sayMore } from './item.ts';
import { createSequence, type Sequence } from './sequence.ts';

export interface Output {
  readonly sequence: Sequence;
  /** The events that a frame gives. `unclear`: the text has changed in a way that has no number. */
  take(frame: Frame): ItemEvent[] | 'unclear';
  /** The messages that count. */
  items(): OutputItem[];
}

interface Said {
  item: OutputItem;
  /** In order of completion; a rewind keeps the first of them. Infinite: its step was broken off. */
  step_num: number;
}

/** A step is not tried more often within a round. */
const triesOfRound = 64;

export function createOutput(run: string): Output {
  const sequence = createSequence();
  const ids = eventIds(run);
  const named = run.replaceAll(/[^a-z0-9]/gi, '').slice(0, 64);
  let said: Said[] = [];
  let count = 0;
  let open: Message | undefined;
  /** What stays of a text that begins anew. */
  let kept: { step: string; text: string } | undefined;

  const trialOf = ({ id }: Frame, step: string): number => {
    const { round = 0, attempt = 1 } = ids.read(id).shown.find((one) => one.step === step) ?? {};
    // Attempt 0 is a text as history has it, whichever attempt said it.
    return round * triesOfRound + Math.max(attempt, 1) - 1;
  };

  const close = (step_num: number): ItemEvent[] => {
    const ended = open && endItem(open, step_num === Infinity ? 'incomplete' : 'completed', sequence);
    if (ended) said.push({ item: ended.item, step_num });
    open = kept = undefined;
    sequence.leave();
    return ended?.events ?? [];
  };

  const hear = (frame: Frame, step: string, content: string): ItemEvent[] | 'unclear' => {
    const others = (open ?? kept)?.step === step ? [] : close(Infinity);
    if (!sequence.enter(trialOf(frame, step))) return 'unclear';
    const text = (kept?.text ?? '') + content;
    kept = undefined;
    if (open) return [...others, sayMore(open, text, sequence)];
    open = { id: `msg_${named}_${count}`, index: count++, step, text: '' };
    return [...others, ...beginItem(open, sequence), sayMore(open, text, sequence)];
  };

  /** The message is broken off, and does not count; the next delta begins another one. */
  const reset = (step: string, offset: number): ItemEvent[] => {
    if (open?.step !== step) return [];
    kept = { step, text: open.text.slice(0, offset) };
    const { events } = endItem(open, 'incomplete', sequence);
    open = undefined;
    sequence.restart();
    return events;
  };

  return {
    sequence,
    items: () => said.map(({ item }) => item),
    take(frame) {
      const { type, data } = frame;
      if (type === 'content_delta') return hear(frame, data.step, data.content);
      if (type === 'content_reset') return reset(data.step, data.offset);
      if (type === 'step_completed') return open?.step === data.step ? close(data.step_num) : [];
      if (type === 'run_rewound') {
        const events = close(Infinity);
        said = said.filter(({ step_num }) => step_num <= data.steps_kept);
        return events;
      }
      return isTerminal(type) ? close(Infinity) : [];
    },
  };
}
