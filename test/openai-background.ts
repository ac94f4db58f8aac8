// Background responses of the fake model server: they are said to the end whether or not anybody listens.
import { responseObject, type ResponseStatus } from '../activities/model/server/response-events.ts';
import type { Speech } from '../activities/model/server/speech.ts';
import type { Script } from './openai-script.ts';
import type { Uttered } from './openai-speech.ts';

export interface Speaking {
  object(): unknown;
  readonly script: Script;
  /** Everything from after event `sequence_number` = `after` on, first what was said, then live. */
  follow(after: number): AsyncGenerator<Uttered>;
  cancel(): void;
}

export interface Background {
  begin(speech: Speech, said: AsyncIterable<Uttered>, script: Script): Speaking;
  find(id: string): Speaking | undefined;
}

export function createBackground(): Background {
  const known = new Map<string, Speaking>();
  return {
    find: (id) => known.get(id),
    begin(speech, said, script) {
      const speaking = speak(speech, said, script);
      if (!script.forgotten) known.set(speech.id, speaking);
      return speaking;
    },
  };
}

function speak(speech: Speech, said: AsyncIterable<Uttered>, script: Script): Speaking {
  const heard: Uttered[] = [];
  const state: { status: ResponseStatus } = { status: 'in_progress' };
  let waiting = Promise.withResolvers<void>();
  const wake = (): void => {
    waiting.resolve();
    waiting = Promise.withResolvers();
  };
  const listen = async (): Promise<void> => {
    for await (const one of said) {
      if (state.status === 'cancelled') return;
      heard.push(one);
      wake();
    }
    if (state.status === 'in_progress') state.status = speech.finish === 'complete' ? 'completed' : 'incomplete';
    wake();
  };
  void listen();
  return {
    script,
    object: () => responseObject(speech, state.status),
    cancel: () => {
      if (state.status === 'in_progress') state.status = 'cancelled';
      wake();
    },
    async *follow(after) {
      for (let n = after + 1; ; n += 1) {
        while (n >= heard.length && state.status === 'in_progress') await waiting.promise;
        const one = heard[n];
        if (one === undefined) return;
        yield one;
      }
    },
  };
}
