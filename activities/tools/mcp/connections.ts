// Connections to tool servers: one for each that is shared by all calls, made when needed, ended when nobody has needed it for a while.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport, StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { Fault } from '../../failures.ts';
import { requireAllowed, unavailable } from './refusal.ts';
import { createWeb, type Network } from './http.ts';
import type { McpServer } from './server.ts';
import { type Secrets, withSecrets } from './secrets.ts';
import { stdioTransport } from './stdio.ts';

export interface McpConfig {
  /** Command lines that may be started, as MCP_COMMANDS gives them. */
  commands?: readonly string[];
  /** That agents may name, as MCP_SECRETS gives them. */
  secrets?: Secrets;
  /** PATH of the programs. */
  path?: string;
  network?: Network;
  /** For tests, in ms. */
  idleMs?: number;
  connectMs?: number;
}

export interface Connections {
  /**
   * Runs `work` on the server's connection. Throws Fault `McpRefused` or `McpUnavailable` when there is none to be had, before
   * `work` has begun.
   */
  use<T>(server: McpServer, work: (client: Client) => Promise<T>): Promise<T>;
  /** Of now. */
  readonly open: number;
  /** Ends all of them; calls in flight fail. */
  close(): Promise<void>;
}

interface Held {
  client: Promise<Client>;
  users: number;
  idle?: NodeJS.Timeout;
}

export function createConnections(config: McpConfig): Connections {
  const { commands = [], secrets = new Map(), path = '', network = {}, idleMs = 60_000, connectMs = 10_000 } = config;
  const web = createWeb(network);
  const all = new Map<string, Held>();
  const ending = new Set<Promise<void>>();
  let closed = false;

  const begin = (server: McpServer, key: string): Held => {
    const gone = () => {
      if (all.get(key) === held) all.delete(key);
    };
    const told = withSecrets(server, secrets);
    const transport = told.kind === 'stdio' ? stdioTransport(told, path) : web.transport(told);
    const held: Held = { client: connect(server, transport, connectMs, gone), users: 0 };
    // Whoever comes next tries anew.
    held.client.catch(gone);
    all.set(key, held);
    return held;
  };

  const end = (key: string, held: Held): void => {
    clearTimeout(held.idle);
    if (all.get(key) === held) all.delete(key);
    const ended = disconnect(held.client).finally(() => ending.delete(ended));
    ending.add(ended);
  };

  const useOnce = async <T>(server: McpServer, key: string, work: (client: Client) => Promise<T>): Promise<T> => {
    if (closed) throw new Fault('WorkerStopped', 'The worker stops; another one takes the step up.');
    const held = all.get(key) ?? begin(server, key);
    held.users++;
    clearTimeout(held.idle);
    try {
      return await work(await held.client);
    } finally {
      held.users--;
      if (held.users === 0 && all.get(key) === held) held.idle = setTimeout(() => end(key, held), idleMs).unref();
    }
  };

  return {
    get open() {
      return all.size;
    },
    async use(server, work) {
      requireAllowed(server, commands, network);
      const key = keyOf(server);
      try {
        return await useOnce(server, key, work);
      } catch (error) {
        if (!isForgotten(error)) throw error;
        const held = all.get(key);
        if (held) end(key, held);
        return useOnce(server, key, work);
      }
    },
    async close() {
      closed = true;
      for (const [key, held] of all) end(key, held);
      await Promise.all(ending);
      await web.close();
    },
  };
}

/** A server that was started anew does not know our session, and has not looked at what was asked. */
const isForgotten = (error: unknown): boolean =>
  error instanceof StreamableHTTPError && (error.code === 404 || error.code === 400);

/** What the connection is made of; how its tools are offered is not. */
const keyOf = (server: McpServer): string =>
  server.kind === 'stdio'
    ? JSON.stringify([server.command, server.args, server.env])
    : JSON.stringify([server.url, server.headers]);

async function connect(server: McpServer, transport: Transport, timeout: number, gone: () => void): Promise<Client> {
  // It offers nothing to servers: they cannot ask for the model, for files or for a person.
  const client = new Client({ name: 'waymark', version: '0.1.0' }, { capabilities: {} });
  Object.assign(client, { onclose: gone });
  try {
    await client.connect(transport, { timeout, maxTotalTimeout: timeout });
    return client;
  } catch (error) {
    await transport.close().catch(() => undefined);
    throw unavailable(server, error);
  }
}

async function disconnect(connected: Promise<Client>): Promise<void> {
  try {
    const client = await connected;
    const { transport } = client;
    // A server over HTTP keeps a session until it is told.
    if (transport instanceof StreamableHTTPClientTransport)
      await Promise.race([
        transport.terminateSession().catch(() => undefined),
        new Promise((r) => setTimeout(r, 1000)),
      ]);
    await client.close();
  } catch {
    // It never was one, or has ended by itself.
  }
}
