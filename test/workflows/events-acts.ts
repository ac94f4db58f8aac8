// Runs that do what their script says: the streams' tests put every kind of event into a history with it.
import {
  CancellationScope,
  condition,
  continueAsNew,
  defineSignal,
  executeChild,
  patched,
  setHandler,
  sleep,
} from '@temporalio/workflow';
import type { ModelReply } from '../../activities/model/model.ts';
import { askPerson } from '../../workflows/runtime/person.ts';
import { step } from '../../workflows/runtime/step.ts';

/** What a step says, piece by piece; each attempt but the last dies after its own `until` characters. */
export interface Speech {
  text: string;
  pieceMs: number;
  dies?: { text: string; until: number }[];
  /** An attempt after the first one takes over so many characters of the one before. */
  takes?: number;
  /** Ends as a failed step. */
  fails?: boolean;
}

export type Act =
  | ({ act: 'say'; name: string } & Speech)
  | { act: 'idle'; name: string; times: number; bytes?: number }
  | { act: 'together'; acts: Act[] }
  | { act: 'ask'; name: string }
  | { act: 'child'; id: string; acts: Act[] }
  | { act: 'lose'; name: string; pieceMs: number }
  | { act: 'nap'; ms: number }
  | { act: 'hold' }
  | { act: 'throw' }
  | { act: 'goOn' };

interface Steps {
  speak(speech: Speech): Promise<ModelReply>;
  idle(bytes: number): Promise<string>;
}

const go = defineSignal('go');

export async function acts(script: Act[]): Promise<unknown> {
  let gone = 0;
  setHandler(go, () => void gone++);
  let answer: unknown = null;
  const play = async (act: Act): Promise<void> => {
    switch (act.act) {
      case 'say':
        answer = (await step<Steps>(act.name, { retry: { initialInterval: '20ms' } }).speak(act)).text;
        return;
      case 'idle':
        for (let i = 0; i < act.times; i++) await step<Steps>(act.name).idle(act.bytes ?? 0);
        return;
      case 'together':
        await Promise.all(act.acts.map(play));
        return;
      case 'ask':
        answer = await askPerson({ name: act.name, question: 'Well?' });
        return;
      case 'child':
        await executeChild(acts, { workflowId: act.id, args: [act.acts] });
        return;
      case 'lose':
        await lose(act.name, act.pieceMs);
        return;
      case 'nap':
        patched('nap');
        await sleep(act.ms);
        return;
      case 'hold':
        await condition(() => gone > 0);
        gone--;
        return;
      case 'throw':
        throw new Error('The workflow threw.');
      case 'goOn':
        return;
    }
  };
  for (const [i, act] of script.entries()) {
    if (act.act === 'goOn') await continueAsNew<typeof acts>(script.slice(i + 1));
    await play(act);
  }
  return answer;
}

/** A step that the workflow itself gives up. */
async function lose(name: string, pieceMs: number): Promise<void> {
  const scope = new CancellationScope();
  const said = scope.run(() => step<Steps>(name).speak({ text: 'too late '.repeat(100), pieceMs }));
  said.catch(() => {});
  await sleep(20);
  scope.cancel();
  try {
    await said;
  } catch {
    // It lost.
  }
}

/** Takes any arguments, and gives them back when told to. */
export async function odd(...args: unknown[]): Promise<unknown> {
  let gone = false;
  setHandler(go, () => void (gone = true));
  await condition(() => gone, 10_000);
  return args;
}
