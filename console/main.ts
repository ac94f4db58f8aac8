// npm run chat: the chat page alone, on an origin of its own; it asks an API elsewhere.
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { serve } from '@hono/node-server';
import { z } from 'zod';
import { createChatServer } from './server.ts';

const environment = z.object({
  CHAT_HOST: z.string().default('127.0.0.1'),
  CHAT_PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  CHAT_API: z
    .url({ protocol: /^https?$/ })
    .default('http://localhost:8000')
    .transform((url) => new URL(url).origin),
});

try {
  if (existsSync('.env')) process.loadEnvFile();
  const { values } = parseArgs({ options: { host: { type: 'string' }, port: { type: 'string' } } });
  const given = {
    ...process.env,
    ...(values.host && { CHAT_HOST: values.host }),
    ...(values.port && { CHAT_PORT: values.port }),
  };
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''));
  await start(environment.parse(set));
} catch (error) {
  process.stderr.write(`${reasonOf(error)}\n`);
  process.exit(1);
}

async function start({ CHAT_HOST: hostname, CHAT_PORT: port, CHAT_API: service }: z.infer<typeof environment>) {
  const server = serve({ fetch: createChatServer(service).fetch, hostname, port });
  await once(server, 'listening');
  const address = server.address();
  const real = typeof address === 'object' && address ? address.port : port;
  const origin = `http://${hostname === '127.0.0.1' ? 'localhost' : hostname}:${real}`;
  process.stdout.write(`The chat page is at ${origin}. It asks ${service}, whose CORS_ORIGINS must list ${origin}.\n`);
}

function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError)
    return error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
    return 'The port is in use. Choose another one: --port, or CHAT_PORT.';
  return error instanceof Error ? error.message : String(error);
}
