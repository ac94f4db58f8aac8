// A server that is reached over HTTP: through the same guard as pages, and no call is left to wait for an answer that cannot come.
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { FetchLike, Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { Agent, type Dispatcher, fetch as undiciFetch } from 'undici';
import { guardedConnector, openConnector, type Resolve, systemResolve } from '../../page/connector.ts';
import { PageFault } from '../../page/fault.ts';
import { judgeUrl } from '../../page/guard.ts';
import type { HttpServer } from './server.ts';

/** Of one answer. */
const mostBytes = 10 * 1024 * 1024;
/** The end of an answer's body may be heard before the answer in it. */
const settleMs = 250;

export interface Network {
  /** Exempt origins, as PAGE_ALLOW gives them. */
  allow?: readonly string[];
  /** Ports besides 80 and 443, as PAGE_PORTS gives them. */
  ports?: readonly number[];
  /** For tests: how host names are looked up. */
  resolve?: Resolve;
}

export interface Web {
  transport(server: HttpServer): Transport;
  close(): Promise<void>;
}

export function createWeb({ allow, ports, resolve = systemResolve }: Network): Web {
  const policy = { exempt: new Set(allow), ports: new Set(ports) };
  const guarded = new Agent({ connect: guardedConnector(resolve) });
  const open = new Agent({ connect: openConnector(resolve) });

  /** Each request is judged, those that a redirect leads to as well. */
  const dispatcherFor = (url: string): Dispatcher => {
    const verdict = judgeUrl(url, policy);
    if (verdict.kind === 'refused') throw new PageFault('refused', `The address is refused: ${verdict.why}.`);
    return verdict.exempt ? open : guarded;
  };

  return {
    transport({ url, headers }) {
      const fetch: FetchLike = async (to, init = {}) => {
        // Nothing that a server says unasked is listened to: a connection less for each.
        if (init.method === 'GET') return new Response(null, { status: 405 });
        const response = await undiciFetch(String(to), {
          method: init.method,
          headers: [...new Headers(init.headers)],
          body: typeof init.body === 'string' ? init.body : undefined,
          signal: init.signal,
          redirect: 'manual',
          dispatcher: dispatcherFor(String(to)),
        });
        const { status, statusText, body } = response;
        const ended = () => void setTimeout(() => unanswered(init.body), settleMs);
        const limited = body && ReadableStream.from(within(mostBytes, body, ended));
        return new Response(limited, { status, statusText, headers: [...response.headers] });
      };
      const transport = new StreamableHTTPClientTransport(new URL(url), {
        fetch,
        requestInit: { headers },
        reconnectionOptions: {
          maxRetries: 0,
          initialReconnectionDelay: 1,
          maxReconnectionDelay: 1,
          reconnectionDelayGrowFactor: 1,
        },
      });
      /** The SDK waits until a call's time is over when its answer breaks off. One that was answered does not mind. */
      const unanswered = (request: unknown) => {
        const id = idIn(request);
        const error = { code: -32_000, message: 'The answer broke off.' };
        if (id !== undefined) transport.onmessage?.({ jsonrpc: '2.0', id, error });
      };
      return transport;
    },
    async close() {
      await Promise.all([guarded.destroy(), open.destroy()]);
    },
  };
}

async function* within(
  most: number,
  body: AsyncIterable<Uint8Array>,
  ended: () => void,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += chunk.length;
      if (bytes > most) throw new Error(`The answer is larger than ${most} bytes.`);
      yield new Uint8Array(chunk);
    }
  } finally {
    ended();
  }
}

function idIn(body: unknown): number | string | undefined {
  if (typeof body !== 'string') return undefined;
  const message: unknown = JSON.parse(body);
  if (typeof message !== 'object' || message === null || !('id' in message)) return undefined;
  return typeof message.id === 'number' || typeof message.id === 'string' ? message.id : undefined;
}
