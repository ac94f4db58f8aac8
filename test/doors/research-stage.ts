// For tests of research tasks: a world, the API on a real port, tasks as clients make them, and what a WebSocket hears.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { serve } from '@hono/node-server';
import type { z } from '@hono/zod-openapi';
import { inject } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { activityDetail, activityList, statusResponse } from '../../api/doors/research/shape.ts';
import { type ApiStage, json, openApiStage, type StageOptions } from '../api-stage.ts';
import { openWorld, type World, type WorldOptions } from '../world.ts';

export type Status = z.infer<typeof statusResponse>;
export type Detail = z.infer<typeof activityDetail>;
export type List = z.infer<typeof activityList>;

export interface Heard {
  messages: Record<string, unknown>[];
  /** Of the end. */
  code: number;
}

export interface ResearchStage {
  world: World;
  api: ApiStage;
  /** http://host:port */
  base: string;
  /** `POST /api/tasks/research`, by default from an address that asks for the first time. */
  post(body: unknown, address?: string): Promise<Response>;
  /** A task's id. */
  make(company: string, more?: object): Promise<string>;
  status(id: string): Promise<Status>;
  detail(id: string): Promise<Detail>;
  /** `query`: with the question mark. */
  socket(id: string, query?: string): WebSocket;
  close(): Promise<void>;
}

export async function openResearch(options: WorldOptions = {}, more: StageOptions = {}): Promise<ResearchStage> {
  const world = await openWorld(options);
  const api = await openApiStage(world, more);
  const websocket = { server: new WebSocketServer({ noServer: true }) };
  const server = serve({ fetch: api.app.fetch, port: 0, hostname: '127.0.0.1', websocket });
  await once(server, 'listening');
  const at = server.address();
  const host = `127.0.0.1:${typeof at === 'object' ? at?.port : ''}`;
  let clients = 0;

  const post = async (body: unknown, address = `10.0.0.${++clients}`) =>
    api.app.request(
      '/api/tasks/research',
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      },
      { incoming: { socket: { remoteAddress: address } } },
    );
  const get = async <T>(path: string): Promise<T> => {
    const answer = await api.ask('GET', path);
    if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
    return json<T>(answer);
  };

  return {
    world,
    api,
    base: `http://${host}`,
    post,
    async make(company, given = {}) {
      const answer = await post({ company, ...given });
      if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
      return (await json<{ agent_id: string }>(answer)).agent_id;
    },
    status: (id) => get(`/api/tasks/${id}/status`),
    detail: (id) => get(`/api/activities/${id}`),
    socket: (id, query = '') => new WebSocket(`ws://${host}/api/ws/tasks/${id}${query}`),
    async close() {
      server.close();
      if ('closeAllConnections' in server) server.closeAllConnections();
      await api.close();
      await world.close();
    },
  };
}

/** All that a socket hears until it is closed. */
export async function heardBy(socket: WebSocket): Promise<Heard> {
  const heard: Heard = { messages: [], code: 0 };
  socket.on('message', (data: Buffer) => void heard.messages.push(JSON.parse(data.toString())));
  const [code] = await once(socket, 'close');
  return { ...heard, code };
}

/** The Temporal CLI on the test run's server. */
export async function temporal(...args: string[]): Promise<string> {
  const at = ['--address', inject('temporalAddress'), '--namespace', inject('temporalNamespace')];
  const { stdout } = await promisify(execFile)(inject('temporalBinary'), [...args, ...at]);
  return stdout;
}

/** What a model that reports says. */
export const report = (message: string, percentage: number) => ({
  calls: [{ name: 'report_activity', arguments: { message, percentage } }],
});

/** A log without its times. */
export const said = ({ logs }: Detail): [string, string, number | null][] =>
  logs.map(({ message, status, progress }) => [message, status, progress]);
