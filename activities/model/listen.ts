// Hears an answer out: shows its text as it comes, keeps account of what it costs, and takes no answer for whole before
// its terminal event.
import type { Attempt } from '../attempt.ts';
import type { Spent } from '../spent.ts';
import type { Account } from './account.ts';
import type { ModelLimits } from './config.ts';
import { failedFault, unreadableFault } from './faults.ts';
import type { ToolCall } from './model.ts';
import type { Heard } from './question.ts';
import type { Watchdog } from './watchdog.ts';

export interface Answer {
  /** Without what it was told to go on from. */
  text: string;
  tool_calls: ToolCall[];
  finish: 'complete' | 'incomplete';
  model: string;
  response_id: string;
  usage: Spent;
}

/** After the terminal event the connection is read to its end, so that it can serve again. */
const tailMs = 1000;

export interface Hearing {
  attempt: Attempt;
  account: Account;
  watchdog: Watchdog;
  limits: ModelLimits;
}

/** @throws Fault; whatever the openai package throws; when aborted, anything */
export async function listen(pieces: AsyncIterable<Heard>, hearing: Hearing): Promise<Answer> {
  const calls = new Map<number, ToolCall>();
  const said = { text: '', model: '', response_id: '' };
  let end: Extract<Heard, { kind: 'end' }> | undefined;
  try {
    for await (const piece of pieces) {
      hear(piece, hearing);
      if (piece.kind === 'begun') Object.assign(said, { model: piece.model, response_id: piece.response_id });
      if (piece.kind === 'text') said.text += piece.text;
      if (piece.kind === 'call') gather(calls, piece);
      if (piece.kind === 'end') end = { ...piece, usage: piece.usage ?? end?.usage };
    }
  } catch (error) {
    // What breaks after the terminal event takes nothing from the answer.
    if (!end) throw error;
  }
  if (!end) throw unreadableFault('it ended before its terminal event');
  return { ...said, tool_calls: [...calls.values()], finish: end.finish, usage: hearing.account.settle(end.usage) };
}

function hear(piece: Heard, { attempt, account, watchdog, limits }: Hearing): void {
  if (piece.sequence !== undefined) attempt.follow(piece.sequence);
  switch (piece.kind) {
    case 'begun':
      account.begun(piece.model);
      return watchdog.expect('it did not get beyond thinking', limits.thinkMs);
    case 'text':
      account.heard(piece.text.length);
      attempt.emit(piece.text);
      return watchdog.expect('its text did not go on', limits.idleMs);
    case 'call':
      account.heard(piece.arguments.length);
      return watchdog.expect('its tool call did not go on', limits.idleMs);
    case 'failed':
      account.settle(piece.usage);
      throw failedFault(piece.code);
    case 'end':
      return watchdog.expect('the end of the connection', tailMs);
    case 'other':
  }
}

function gather(calls: Map<number, ToolCall>, piece: Extract<Heard, { kind: 'call' }>): void {
  const known = calls.get(piece.index) ?? { id: '', type: 'function', function: { name: '', arguments: '' } };
  calls.set(piece.index, {
    id: piece.id ?? known.id,
    type: 'function',
    function: { name: piece.name ?? known.function.name, arguments: known.function.arguments + piece.arguments },
  });
}
