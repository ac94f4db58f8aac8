// What the workflows of this door are to its clients: their steps in order, and what each puts out.
import { z } from 'zod';

export type Output = Record<string, unknown>;

export interface Plan {
  /** Clients know it, the workflow has none such: it begins and is done when the first of the others begins. */
  before?: { step: string; output: Output };
  /** From a step's recorded result, whoever wrote it, to its output. */
  outputs: ReadonlyMap<string, (result: unknown) => Output>;
}

const plans = new Map<string, Plan>([
  ['simple', { outputs: new Map([['start', answer]]) }],
  [
    'rag',
    {
      before: { step: 'start', output: { status: 'reading the page' } },
      outputs: new Map([
        ['load_docs', page],
        ['reason_docs', research],
        ['generate_response', response],
      ]),
    },
  ],
]);

/** Undefined: runs of this workflow are none of this door's. */
export const planOf = (workflow: string): Plan | undefined => plans.get(workflow);

/** Names of the plan's steps, in order. */
export const stepsOf = ({ before, outputs }: Plan): string[] => [...(before ? [before.step] : []), ...outputs.keys()];

const said = z.object({ text: z.string() });
const read = said.extend({ title: z.string().catch('') });

/** Null when the stored result is lost. */
const textOf = (result: unknown): string | null => said.safeParse(result).data?.text ?? null;

function answer(result: unknown): Output {
  const text = textOf(result);
  return { answer: text, message: text };
}

/** Without the text: a page may have 5 MB, and nobody reads it here. */
function page(result: unknown): Output {
  const { data } = read.safeParse(result);
  return { status: 'making sense of the docs', ...(data && { chars: data.text.length, title: data.title }) };
}

function research(result: unknown): Output {
  return { status: 'writing a response', research: textOf(result) };
}

/** `completed` is a text in this format. */
function response(result: unknown): Output {
  return { completed: 'true', status: 'idle', message: textOf(result) };
}
