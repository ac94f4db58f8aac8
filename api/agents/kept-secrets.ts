// A client that changes an agent sends back what it was shown: a value that was hidden from it stays as it is.
import type { McpServer } from '../../activities/tools/mcp/server.ts';
import { hidden } from '../events/secrets.ts';

type Values = Record<string, string>;

/** Only for the place that it was given for: with another address it would be sent to whoever is there. */
export const keepSecrets = (given: McpServer[], before: McpServer[]): McpServer[] =>
  given.map((server) => {
    const same = before.find((one) => one.name === server.name);
    if (server.kind === 'http')
      return same?.kind === 'http' && same.url === server.url
        ? { ...server, headers: kept(server.headers, same.headers) }
        : server;
    return same?.kind === 'stdio' && lineOf(same) === lineOf(server)
      ? { ...server, env: kept(server.env, same.env) }
      : server;
  });

const lineOf = ({ command, args }: { command: string; args: string[] }): string => JSON.stringify([command, ...args]);

const kept = (given: Values | undefined, before: Values = {}): Values | undefined =>
  given &&
  Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, value === hidden ? (before[name] ?? value) : value]),
  );
