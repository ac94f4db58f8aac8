// What nobody is shown of a model's reply, because only the run itself needs it.

/** Where its conversation is kept, and the waste of earlier attempts, which is told as the run's. */
const internals: ReadonlySet<string> = new Set(['reference', 'print', 'wasted']);

/** Of a step's result that is a reply: activities/model/model.ts. Anything else stays. */
export function withoutInternals(value: unknown): unknown {
  const isReply = typeof value === 'object' && value !== null && 'finish' in value && 'wasted' in value;
  return isReply ? Object.fromEntries(Object.entries(value).filter(([key]) => !internals.has(key))) : value;
}
