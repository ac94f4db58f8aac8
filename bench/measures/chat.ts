// Chats: how much later the first token of an agent's answer comes than from the model itself, alone and in a session; and
// how many turns sessions take.
import { randomUUID } from 'node:crypto';
import { answers, asChat, asResponse } from '../answers.ts';
import type { Bench } from '../bench.ts';
import { firstToken, hear, marks, post } from '../requests.ts';
import { median } from '../statistics.ts';

const times = 20;
const warmUps = 3;
const turns = 20;
const sessions = 10;
const turnsOfEach = 4;

/** Times in ms, from the request to its first token; medians. */
export interface Chat {
  /** Without a session: each message begins one. */
  alone_ms: number;
  /** Later turns of one session, one after the other. */
  session_ms: number;
  floor_ms: number;
  /** Over the model's own: of the medians, and of the fastest, which a busy machine disturbs least. */
  alone_over_ms: number;
  alone_over_min_ms: number;
  session_over_ms: number;
  session_over_min_ms: number;
  /** Of one session, each message sent when the one before is answered; the model answers at once. */
  turns_per_s: number;
  /** Of ten sessions at once. */
  sessions: number;
  turns_per_s_of_all: number;
}

export async function measureChat(bench: Bench): Promise<Chat> {
  const { service, model } = bench;
  const agent = await makeAgent(service.url);
  const ask = (session?: string) =>
    firstToken(`${service.url}/api/chat`, asChat(answers.firstToken, agent, session), marks.service);
  const session = randomUUID();
  const [alone, within, floors]: [number[], number[], number[]] = [[], [], []];
  for (let i = -warmUps; i < times; i++) {
    const taken = [
      await firstToken(`${model.url}/responses`, asResponse(answers.firstToken), marks.model),
      await ask(),
      await ask(session),
    ] as const;
    if (i >= 0) [floors, alone, within].forEach((list, at) => list.push(taken[at]!));
  }
  const over = (ours: number[]) => ({
    median: median(ours) - median(floors),
    min: Math.min(...ours) - Math.min(...floors),
  });
  const [overAlone, overWithin] = [over(alone), over(within)];
  const one = await takeTurns(service.url, agent, 1, turns);
  const many = await takeTurns(service.url, agent, sessions, turnsOfEach);
  return {
    alone_ms: median(alone),
    session_ms: median(within),
    floor_ms: median(floors),
    alone_over_ms: overAlone.median,
    alone_over_min_ms: overAlone.min,
    session_over_ms: overWithin.median,
    session_over_min_ms: overWithin.min,
    turns_per_s: one,
    sessions,
    turns_per_s_of_all: many,
  };
}

async function makeAgent(service: string): Promise<string> {
  const name = `bench-${randomUUID().slice(0, 8)}`;
  await (await post(`${service}/api/agents`, { name, system_prompt: 'You are measured.' })).body?.cancel();
  return name;
}

/** Turns a second, of so many sessions at once. The first turn of each begins it, and is not counted. */
async function takeTurns(service: string, agent: string, of: number, each: number): Promise<number> {
  const talks = Array.from({ length: of }, () => randomUUID());
  const turn = async (talk: string) =>
    void (await hear(
      await post(`${service}/api/chat`, asChat(answers.atOnce, agent, talk), 'text/event-stream'),
      marks.service,
    ));
  await Promise.all(talks.map(turn));
  const begin = performance.now();
  await Promise.all(
    talks.map(async (talk) => {
      for (let i = 0; i < each; i++) await turn(talk);
    }),
  );
  return (of * each * 1000) / (performance.now() - begin);
}
