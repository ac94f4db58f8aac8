// The names of flows: one workflow's name as addresses, bodies and sentences have it.
export interface FlowName {
  /** In addresses: poem-flow. */
  kebab: string;
  /** In bodies and filters: poem_flow. */
  snake: string;
  /** In sentences: Poem flow. */
  words: string;
}

export function flowName(workflow: string): FlowName {
  const parts = workflow
    .replaceAll(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1 $2')
    .replaceAll(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);
  const words = parts.join(' ');
  return { kebab: parts.join('-'), snake: parts.join('_'), words: words.charAt(0).toUpperCase() + words.slice(1) };
}

/** The workflows by the names that addresses have. @throws Error naming two that would have the same */
export function byKebab(workflows: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const workflow of workflows) {
    const { kebab } = flowName(workflow);
    const other = found.get(kebab);
    if (other !== undefined)
      throw new Error(`The workflows '${other}' and '${workflow}' are both '${kebab}' in addresses: rename one.`);
    found.set(kebab, workflow);
  }
  return found;
}
