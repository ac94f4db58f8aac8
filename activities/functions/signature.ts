// Whether main_function can be called with what the function says that it takes.
import type { Parameter } from '../sandbox/sandbox.ts';
import type { Callable } from './function.ts';

/** The first thing that is wrong, for the model to read; undefined when it can be called. */
export function wrongSignature(parameters: Parameter[], fn: Omit<Callable, 'code'>): string | undefined {
  const given = [...(fn.task_type === 'passthrough' ? ['input1'] : []), ...Object.keys(fn.user_inputs)];
  const must = `main_function must take exactly these parameters by name: ${given.join(', ') || 'none'}.`;
  const takesAny = parameters.some(({ kind }) => kind === 'keywords');
  for (const name of given) {
    const found = parameters.find((one) => one.name === name);
    if (found?.kind === 'positional') return `Its parameter ${name} can only be given by position. ${must}`;
    if (!takesAny && (!found || found.kind === 'rest')) return `It has no parameter ${name}. ${must}`;
  }
  const extra = parameters.find(({ name, optional }) => !optional && !given.includes(name));
  if (!extra) return undefined;
  const why = extra.name === 'input1' ? 'which a function without a frame does not get' : 'which is not in user_inputs';
  return `It needs the parameter ${extra.name}, ${why}. ${must}`;
}
