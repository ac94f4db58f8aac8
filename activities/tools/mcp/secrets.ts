// Secrets of tool servers that stand in a worker's environment alone: an agent names one, and only the server that it is for gets it.
import { refused } from './refusal.ts';
import type { McpServer } from './server.ts';

export interface Secret {
  /** Of a server over HTTP its origin, of a program its command: an agent that names it with another one gets nothing. */
  place: string;
  value: string;
}

/** By their names. */
export type Secrets = ReadonlyMap<string, Secret>;

type Values = Record<string, string>;

const named = /\$\{([A-Za-z0-9_-]+)\}/g;

/** What a server is given, with its secrets. Throws Fault McpRefused for one that there is not, or that is for another server. */
export function withSecrets(server: McpServer, secrets: Secrets): McpServer {
  const place = server.kind === 'http' ? new URL(server.url).origin : server.command;
  const valueOf = (_: string, name: string): string => {
    const secret = secrets.get(name);
    if (!secret) throw refused(server, `MCP_SECRETS of the worker has no '${name}'.`);
    if (secret.place !== place) throw refused(server, `The secret '${name}' is for another server.`);
    return secret.value;
  };
  const filled = (values: Values): Values =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key, value.replace(named, valueOf)]));
  if (server.kind === 'http') return { ...server, ...(server.headers && { headers: filled(server.headers) }) };
  return { ...server, ...(server.env && { env: filled(server.env) }) };
}
