// The text of a chat completion as it grows: what its messages say, one after the other. What was sent cannot be unsaid.
import type { Frame } from '../../events/event.ts';
import type { OutputItem } from './item.ts';

const between = '\n\n';

/** What the messages of a response say together. */
export const textOf = (items: readonly OutputItem[]): string =>
  items.map(({ content }) => content.map(({ text }) => text).join('')).join(between);

/** What more is to be sent. `changed`: what was sent is not what was kept. */
type Told = { kind: 'more'; text: string } | { kind: 'changed' };

export interface CompletionText {
  take(frame: Frame): Told;
}

export function createCompletionText(): CompletionText {
  let step: string | undefined;
  /** Of the step: what was sent, and what is so. */
  let sent = '';
  let real = '';
  let silent = true;

  const more = (): string => {
    if (!real.startsWith(sent)) return '';
    const text = real.slice(sent.length);
    sent = real;
    return text;
  };

  const say = (of: string, content: string): Told => {
    const isNew = of !== step;
    if (isNew && real !== sent) return { kind: 'changed' };
    const before = isNew && !silent ? between : '';
    if (isNew) sent = real = '';
    step = of;
    silent = false;
    real += content;
    return { kind: 'more', text: before + more() };
  };

  return {
    take({ type, data }) {
      if (type === 'content_delta') return say(data.step, data.content);
      if (type === 'content_reset' && data.step === step) real = real.slice(0, data.offset);
      if (type === 'step_completed' && data.step === step && real !== sent) return { kind: 'changed' };
      return type === 'run_rewound' && !silent ? { kind: 'changed' } : { kind: 'more', text: '' };
    },
  };
}
