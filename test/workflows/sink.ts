// A bit of everything that a workflow can do: what a fork must be able to replay.
import {
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  executeChild,
  isCancellation,
  patched,
  proxyActivities,
  setHandler,
  sleep,
  startChild,
  upsertMemo,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';

export interface SinkActivities {
  work(name: string, ms?: number): Promise<string>;
  fail(name: string): Promise<string>;
}

const { work, fail } = proxyActivities<SinkActivities>({
  startToCloseTimeout: '60s',
  retry: { maximumAttempts: 2, initialInterval: '20ms' },
});

export const say = defineSignal<[string]>('say');
export const ask = defineUpdate<string, [string]>('ask');
export const trace = defineQuery<string[]>('trace');

/** Four steps, one after the other. */
export async function sinkChild(name: string, ms = 20): Promise<string> {
  const done: string[] = [];
  for (const part of ['1', '2', '3', '4', '5']) done.push(await work(`${name}-${part}`, ms));
  return done.join();
}

export async function sink(tag: string): Promise<string[]> {
  const lines: string[] = [];
  const inbox: string[] = [];
  const log = (line: string) => void lines.push(line);
  setHandler(trace, () => lines);
  setHandler(say, (word) => {
    inbox.push(word);
    log(`say ${word}`);
  });
  setHandler(
    ask,
    async (question) => {
      log(`ask ${question}`);
      const answer = await work(`ask-${question}`);
      log(`asked ${answer}`);
      return answer;
    },
    { validator: (question) => void (question === 'nothing' && refuse()) },
  );
  log(`start ${tag} ${Math.random()} ${uuid4()} ${Date.now()}`);
  await sequence(log);
  await parallel(log);
  await races(log);
  await messages(log, inbox);
  await children(log, tag);
  return lines;
}

function refuse(): never {
  throw new Error('nothing is no question');
}

type Log = (line: string) => void;

async function sequence(log: Log): Promise<void> {
  for (const name of ['s0', 's1', 's2']) log(`${await work(name)} ${Math.random()} ${Date.now()}`);
  try {
    await fail('x');
  } catch (error) {
    log(`caught ${error instanceof Error ? String(error.cause) : 'nothing'}`);
  }
}

async function parallel(log: Log): Promise<void> {
  const waits: [string, number][] = [
    ['a', 60],
    ['b', 10],
    ['c', 35],
  ];
  const all = await Promise.all(
    waits.map(async ([name, ms]) => {
      const done = await work(name, ms);
      log(`parallel ${done}`);
      return done;
    }),
  );
  log(all.join());
}

async function races(log: Log): Promise<void> {
  const first = await Promise.race([work('slow', 300).then(() => 'step'), sleep(100).then(() => 'timer')]);
  log(`race ${first}`);
  await CancellationScope.cancellable(async () => {
    const long = work('cancelled', 5000).catch((error: unknown) => log(`cancelled ${isCancellation(error)}`));
    await sleep(30);
    CancellationScope.current().cancel();
    await long;
  });
  await CancellationScope.cancellable(async () => {
    const never = work('never').catch((error: unknown) => log(`never ${isCancellation(error)}`));
    CancellationScope.current().cancel();
    await never;
  });
}

async function messages(log: Log, inbox: string[]): Promise<void> {
  log(`patched ${patched('p1')}`);
  upsertMemo({ at: inbox.length });
  log(`condition ${await condition(() => inbox.length > 0, 9000)}`);
  inbox.shift();
  log(`timeout ${await condition(() => inbox.length > 9, 40)}`);
  for (let word = ''; word !== 'end';) {
    await condition(() => inbox.length > 0);
    word = inbox.shift() ?? '';
    log(`got ${word} ${await work(`reply-${word}`, 10)}`);
  }
}

async function children(log: Log, tag: string): Promise<void> {
  log(
    `child ${await executeChild(sinkChild, { args: ['k'], workflowId: `${workflowInfo().workflowId}-${tag}-${uuid4()}` })}`,
  );
  const handle = await startChild(sinkChild, { args: ['m', 30] });
  log((await Promise.all([work('last', 20), handle.result()])).join());
}
