// For tests of chats: a world, the API on it, an agent, and what is said to it and heard of it.
import { randomUUID } from 'node:crypto';
import type { z } from '@hono/zod-openapi';
import type { ChatAnswer } from '../api/chat/shape.ts';
import type { sessionAnswer } from '../api/sessions/shape.ts';
import { type ApiStage, json, openApiStage } from './api-stage.ts';
import type { Call } from './openai.ts';
import { openWorld, type World, type WorldOptions } from './world.ts';

export type SessionAnswer = z.infer<typeof sessionAnswer>;

export interface Heard {
  type: string;
  data: Record<string, unknown>;
}

export interface ChatStage {
  world: World;
  api: ApiStage;
  /** The agent that is asked when no other is named. */
  agent: string;
  makeAgent(more?: object): Promise<string>;
  /** With `stream: false`. */
  ask(message: string, more?: object): Promise<Response>;
  /** The answer's JSON. @throws unless 200 */
  say(message: string, more?: object): Promise<ChatAnswer>;
  /** The stream, from its first byte. */
  stream(message: string, more?: object, headers?: Record<string, string>): Promise<Response>;
  session(id: string): Promise<SessionAnswer>;
  close(): Promise<void>;
}

export const unique = (what: string): string => `${what}-${randomUUID().slice(0, 8)}`;

export async function openChat(options?: WorldOptions): Promise<ChatStage> {
  const world = await openWorld(options);
  const api = await openApiStage(world);
  const makeAgent = async (more: object = {}): Promise<string> => {
    const name = unique('agent');
    const made = await api.ask('POST', '/api/agents', { name, system_prompt: `You are ${name}.`, ...more });
    if (made.status !== 201) throw new Error(await made.text());
    return name;
  };
  const agent = await makeAgent();
  const post = (message: string, more: object, headers?: Record<string, string>) =>
    api.ask('POST', '/api/chat', { agent_id: agent, message, ...more }, headers);
  return {
    world,
    api,
    agent,
    makeAgent,
    ask: (message, more = {}) => post(message, { stream: false, ...more }),
    async say(message, more = {}) {
      const answer = await post(message, { stream: false, ...more });
      if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
      return json<ChatAnswer>(answer);
    },
    stream: (message, more = {}, headers) => post(message, more, headers),
    session: async (id) => json<SessionAnswer>(await api.ask('GET', `/api/sessions/${encodeURIComponent(id)}`)),
    async close() {
      await api.close();
      await world.close();
    },
  };
}

/** All events of a stream, to its end. */
export const heardIn = async (answer: Response): Promise<Heard[]> =>
  (await answer.text())
    .split('\n\n')
    .filter((block) => block.includes('\ndata: ') || block.startsWith('data: '))
    .map((block) => {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
      const data: Record<string, unknown> = JSON.parse(field('data'));
      return { type: field('event'), data };
    });

export const textOf = (heard: Heard[]): string =>
  heard.flatMap(({ type, data }) => (type === 'content_delta' ? [String(data['content'])] : [])).join('');

/** What the model was told in a call, without the system's words. */
export const toldIn = (call: Call | undefined): string[] =>
  (call?.asked?.said ?? []).filter(({ role }) => role !== 'system').map(({ role, text }) => `${role}: ${text}`);
