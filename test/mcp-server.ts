// A tool server for tests: by stdio when it is started as a program, else over HTTP within the test.
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { z } from 'zod';

/** What a server was asked: in the order of asking. */
export interface Asked {
  tool: string;
  args?: unknown;
  key?: unknown;
}

interface World {
  tell: (asked: Asked) => void;
  die: () => void;
}

export function toolServer({ tell, die }: World): McpServer {
  const server = new McpServer({ name: 'tests', version: '1.0.0' });
  const text = (words: string) => ({ content: [{ type: 'text' as const, text: words }] });
  const n = z.object({ n: z.number() });
  server.registerTool(
    'double',
    { description: 'Doubles.', inputSchema: n, annotations: { readOnlyHint: true } },
    (args, { _meta }) => {
      tell({ tool: 'double', args, key: _meta?.['waymark/idempotency-key'] });
      return text(String(args.n * 2));
    },
  );
  server.registerTool('pay', { description: 'Pays.', inputSchema: n }, (args, { _meta }) => {
    tell({ tool: 'pay', args, key: _meta?.['waymark/idempotency-key'] });
    return text(`Paid ${args.n}.`);
  });
  server.registerTool('set.it', { inputSchema: n, annotations: { idempotentHint: true } }, (args) => {
    tell({ tool: 'set.it', args });
    return text('Set.');
  });
  server.registerTool('wait', { inputSchema: n }, async (args, { signal }) => {
    tell({ tool: 'wait', args });
    await sleep(args.n, undefined, { signal }).catch(() => tell({ tool: 'wait cancelled' }));
    return text('Waited.');
  });
  server.registerTool('fails', {}, () => ({ ...text('No such account.'), isError: true }));
  server.registerTool('long', {}, () => text('x'.repeat(300_000)));
  server.registerTool('enormous', {}, () => text('x'.repeat(11 * 1024 * 1024)));
  server.registerTool('picture', {}, () => ({
    content: [
      { type: 'text', text: 'A dot:' },
      { type: 'image', data: 'AAAA', mimeType: 'image/png' },
    ],
  }));
  server.registerTool('where', {}, () => text(JSON.stringify({ ...process.env })));
  server.registerTool('dies', {}, () => {
    tell({ tool: 'dies' });
    die();
    return new Promise(() => {});
  });
  return server;
}

export interface HttpTools {
  url: string;
  asked: Asked[];
  /** Requests, by their authorization header. */
  seen: (string | undefined)[];
  sessions(): number;
  /** All that it knows of sessions is gone, as after a start. */
  forget(): void;
  close(): Promise<void>;
}

export async function openHttpTools(): Promise<HttpTools> {
  const asked: Asked[] = [];
  const seen: (string | undefined)[] = [];
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const http = createServer((request, response) => {
    seen.push(request.headers.authorization);
    const session = String(request.headers['mcp-session-id'] ?? '');
    const known = sessions.get(session);
    if (known) return void known.handleRequest(request, response);
    if (session !== '') return void response.writeHead(404).end();
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessionclosed: (id) => void sessions.delete(id),
      onsessioninitialized: (id) => void sessions.set(id, transport),
    });
    const die = () => http.closeAllConnections();
    void toolServer({ tell: (one) => asked.push(one), die })
      .connect(transport)
      .then(() => transport.handleRequest(request, response));
  }).listen(0, '127.0.0.1');
  await once(http, 'listening');
  const address = http.address();
  if (typeof address !== 'object' || !address) throw new Error('The server has no port.');
  return {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    seen,
    sessions: () => sessions.size,
    forget: () => sessions.clear(),
    async close() {
      http.closeAllConnections();
      http.close();
      await once(http, 'close');
    },
  };
}

if (import.meta.main) {
  const file = process.env['LEDGER'];
  const tell = (asked: Asked) => file !== undefined && appendFileSync(file, `${JSON.stringify(asked)}\n`);
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ tool: 'pid', args: process.pid })}\n`);
  if (process.env['HELPER'] !== undefined)
    tell({ tool: 'pid', args: spawn('sleep', ['600'], { stdio: 'ignore' }).pid });
  await toolServer({ tell, die: () => process.exit(1) }).connect(new StdioServerTransport());
}
