// The tools that a model step offers: names of ours become what the provider is told of them.
import { toolNamed } from '../tools/index.ts';
import type { ModelRequest, ToolSpec } from './model.ts';

/** A name that is none is left out, as is one that comes twice: providers refuse those. */
export function offered(tools: ModelRequest['tools'] = []): ToolSpec[] {
  const specs = tools.map((one) => (typeof one === 'string' ? specOf(one) : one)).filter((spec) => spec !== undefined);
  return [...new Map(specs.map((spec) => [spec.name, spec])).values()];
}

function specOf(name: string): ToolSpec | undefined {
  const found = toolNamed(name);
  return found && { name, description: found.description, parameters: found.parameters };
}
