// The model step: asks the configured provider, streams its answer into the attempt, and says what it cost.
import { randomUUID } from 'node:crypto';
import { APIError, type OpenAI } from 'openai';
import { currentAttempt, type Attempt } from '../attempt.ts';
import { judge, type Fault } from '../failures.ts';
import { untilKept } from '../keeping.ts';
import { add, type Spent } from '../spent.ts';
import { createAccount, type Account } from './account.ts';
import { stopIt, takeUp } from './background.ts';
import { defaultLimits, type ModelConfig } from './config.ts';
import type { Conversations } from './conversation.ts';
import { providerFault, stalledFault } from './faults.ts';
import { listen, type Answer } from './listen.ts';
import type { Metered, ModelMeter } from './meter.ts';
import type { Message, ModelReply, ModelRequest, ToolCall } from './model.ts';
import { misfitOf } from './output.ts';
import { blank, printed } from './print.ts';
import { createClient, isBackground, open } from './provider.ts';
import { continued, type Heard, type Question } from './question.ts';
import { offered } from './tools.ts';
import { createWatchdog, type Watchdog } from './watchdog.ts';

export type CallModel = (request: ModelRequest) => Promise<ModelReply>;

/** @param meter absent: nobody counts */
export function createCallModel(config: ModelConfig, conversations: Conversations, meter?: ModelMeter): CallModel {
  const client = createClient(config);
  return async (request) => {
    const attempt = currentAttempt();
    const before = request.before === undefined ? [] : await conversations.load(request.before);
    // A JSON text cannot be gone on with: a provider that must answer with JSON begins a new one.
    const partial = request.output ? '' : (attempt.resumed?.text ?? '');
    if (partial !== '') attempt.open(partial);
    const messages = [...before, ...request.messages];
    const { lost, ...answer } = await ask(
      { client, config, attempt, meter },
      {
        model: request.model ?? config.model,
        messages: partial === '' ? messages : continued(messages, partial),
        tools: offered(request.tools),
        output: request.output,
        temperature: request.temperature,
        max_output_tokens: request.max_output_tokens,
      },
    );
    const tool_calls = distinct(answer.tool_calls);
    const text = partial + answer.text;
    const misfit = request.output && tool_calls.length === 0 ? misfitOf(text, request.output.schema) : undefined;
    const message: Message = { role: 'assistant', content: text, ...(tool_calls.length > 0 && { tool_calls }) };
    const wasted = add(attempt.wasted, lost);
    const reply = { ...answer, tool_calls, text, wasted, ...(misfit !== undefined && { misfit }) };
    if (!request.keep) return reply;
    const append = () => conversations.append(request.before, [...request.messages, message]);
    const print = printed(blank, [...messages, message]);
    return { ...reply, reference: await untilKept(attempt.signal, append), print };
  };
}

/** Each call's result is told by its id: one that is missing or comes twice gets one of ours. */
function distinct(calls: ToolCall[]): ToolCall[] {
  const ids = new Set<string>();
  return calls.map((call, n) => {
    const id = call.id === '' || ids.has(call.id) ? `call_${n + 1}_${randomUUID().slice(0, 8)}` : call.id;
    ids.add(id);
    return { ...call, id };
  });
}

interface Bought extends Answer {
  /** Spent on a response that was to be taken up and could not be. */
  lost: Spent;
}

interface Asking {
  client: OpenAI;
  config: ModelConfig;
  attempt: Attempt;
  meter: ModelMeter | undefined;
}

async function ask({ client, config, attempt, meter }: Asking, question: Question): Promise<Bought> {
  const limits = { ...defaultLimits, ...config.limits };
  const watchdog = createWatchdog(attempt.signal);
  const account = createAccount(attempt, question, isBackground(config));
  const count = (outcome: Metered['outcome'], spent: Spent) => meter?.({ model: question.model, outcome, spent });
  watchdog.expect('no answer came', limits.firstEventMs);
  try {
    const taken = isBackground(config) ? await takeUpAgain(client, attempt, account, watchdog) : undefined;
    const pieces = taken ?? (await open(client, config, question, attempt, watchdog.signal));
    const answer = await listen(pieces, { attempt, account, watchdog, limits });
    count('completed', add(answer.usage, account.lost));
    return { ...answer, lost: account.lost };
  } catch (error) {
    if (attempt.signal.aborted) {
      if (attempt.stopped === 'cancelled') await stopBackground(client, attempt, account);
      count('aborted', account.booked);
      throw error;
    }
    const fault = watchdog.missed === undefined ? providerFault(error, question) : stalledFault(watchdog.missed);
    if (isOver(fault)) await account.giveUp();
    // Nobody will come to take it up.
    else if (judge(fault, attempt.record.faults).failure.nonRetryable) await stopBackground(client, attempt, account);
    count('failed', account.booked);
    throw fault;
  } finally {
    watchdog.stop();
  }
}

async function takeUpAgain(
  client: OpenAI,
  attempt: Attempt,
  account: Account,
  watchdog: Watchdog,
): Promise<AsyncIterable<Heard> | undefined> {
  const { response_id, sequence } = attempt.record;
  if (response_id === undefined) return undefined;
  const pieces = await takeUp(client, response_id, watchdog);
  if (pieces) return pieces;
  // Each event of an answer carries about one token.
  account.lose(sequence ?? 0);
  await account.giveUp();
  return undefined;
}

/** Closing the connection does not end a background response. */
async function stopBackground(client: OpenAI, attempt: Attempt, account: Account): Promise<void> {
  const { response_id } = attempt.record;
  if (response_id === undefined) return;
  account.settle(await stopIt(client, response_id));
  await account.giveUp();
}

/** The provider itself said that this answer will come to nothing. One that refuses to show it now says no such thing. */
const isOver = ({ type, cause }: Fault): boolean =>
  (type === 'ModelFailed' || type === 'ModelRateLimited') && !isRefusal(cause);

const isRefusal = (cause: unknown): boolean => cause instanceof APIError && cause.status !== undefined;
