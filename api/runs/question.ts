// What a run was asked, as lists and the Temporal Web UI show it.

/** Fields of an input that hold the question, in this order, when it is no conversation. */
const keys = ['message', 'query', 'question', 'prompt', 'desired_action'];

/** The last message of the user, else the first text among the usual fields; null when there is none. */
export function questionOf(input: unknown): string | null {
  if (typeof input === 'string') return input;
  if (typeof input !== 'object' || input === null) return null;
  const fields = new Map<string, unknown>(Object.entries(input));
  return lastOfUser(fields.get('messages')) ?? keys.map((key) => fields.get(key)).find(isString) ?? null;
}

function lastOfUser(messages: unknown): string | undefined {
  if (!Array.isArray(messages)) return undefined;
  return messages.findLast(isUsers)?.content;
}

function isUsers(message: unknown): message is { role: 'user'; content: string } {
  return (
    typeof message === 'object' &&
    message !== null &&
    'role' in message &&
    message.role === 'user' &&
    'content' in message &&
    isString(message.content)
  );
}

const isString = (value: unknown): value is string => typeof value === 'string';

/** The first line that says something, cut to `most` UTF-16 code units. */
export function firstLine(question: string, most: number): string {
  const line = /\S.*/.exec(question)?.[0] ?? '';
  return line.length > most ? `${line.slice(0, most - 1)}…`.toWellFormed() : line.toWellFormed();
}
