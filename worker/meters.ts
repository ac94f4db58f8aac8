// What a process counts, and how the calls of the model are counted in it.
import { collectDefaultMetrics, Counter, Registry } from 'prom-client';
import type { ModelMeter } from '../activities/model/meter.ts';

/** One a process: memory, processor, and how late its event loop is. */
export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** Whoever writes a request may name any model: so many names are told apart, the rest is `other`. */
const mostModels = 100;
const longestName = 100;

export function createModelMeter(registry: Registry): ModelMeter {
  const registers = [registry];
  const calls = new Counter({
    name: 'waymark_model_calls_total',
    help: 'Calls of a model that this process has made, each attempt once.',
    labelNames: ['model', 'outcome'] as const,
    registers,
  });
  const tokens = new Counter({
    name: 'waymark_model_tokens_total',
    help: 'Tokens of those calls; those of aborted and failed ones are estimated.',
    labelNames: ['model', 'direction'] as const,
    registers,
  });
  const cost = new Counter({
    name: 'waymark_model_cost_usd_total',
    help: 'US$ of those calls, of models whose price is known.',
    labelNames: ['model'] as const,
    registers,
  });
  const unpriced = new Counter({
    name: 'waymark_model_unpriced_calls_total',
    help: 'Calls of models whose price is not known: their tokens are counted, their cost is not.',
    labelNames: ['model'] as const,
    registers,
  });
  const known = new Set<string>();
  const labelOf = (name: string): string => {
    if (name.length > longestName || (!known.has(name) && known.size >= mostModels)) return 'other';
    known.add(name);
    return name;
  };
  return ({ model: name, outcome, spent }) => {
    const model = labelOf(name);
    calls.inc({ model, outcome });
    tokens.inc({ model, direction: 'input' }, spent.input_tokens);
    tokens.inc({ model, direction: 'output' }, spent.output_tokens);
    if (spent.cost_usd === null) unpriced.inc({ model });
    else cost.inc({ model }, spent.cost_usd);
  };
}
