// The environment keys that concern Temporal and the data folder, read into one object.
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { type ClientConnectConfig, loadClientConnectConfig } from '@temporalio/envconfig';
import { z } from 'zod';
import { TemporalTrouble } from './trouble.ts';

const port = z.coerce.number().int().min(1).max(65_535);

/** Temporal's own keys (TEMPORAL_API_KEY, TEMPORAL_TLS_…) are read by its SDK: https://docs.temporal.io/develop/environment-configuration */
export const temporalEnvironment = z.object({
  TEMPORAL_ADDRESS: z.string().optional(),
  TEMPORAL_PROFILE: z.string().optional(),
  TEMPORAL_CONFIG_FILE: z.string().optional(),
  TEMPORAL_NAMESPACE: z.string().optional(),
  TEMPORAL_PORT: port.default(7233),
  TEMPORAL_UI_PORT: port.default(8233),
  TEMPORAL_UI_URL: z.url().optional(),
  WAYMARK_DATA: z.string().optional(),
  XDG_CACHE_HOME: z.string().optional(),
});

/** Where a server is and how to speak to it: address, API key, TLS, extra headers. */
export type ConnectionSettings = ClientConnectConfig['connectionOptions'] & { address: string };

export interface ExternalServer {
  kind: 'external';
  connection: ConnectionSettings;
}

export interface EmbeddedServer {
  kind: 'embedded';
  /** Wished for; the next free one is taken instead when it is not. */
  port: number;
  uiPort: number;
}

export interface TemporalConfig {
  namespace: string;
  server: ExternalServer | EmbeddedServer;
  /** Base address of the Web UI of an external server, if it was told. */
  uiUrl?: string;
  /** Absolute path of the data folder. */
  data: string;
  /** Where our Temporal binary is kept, for all projects of this user. */
  cache: string;
  /** PATH, on which `temporal` and `go` are looked for. */
  path: string;
}

type Env = Record<string, string | undefined>;

/** Throws TemporalTrouble `configuration_invalid` or `data_folder_not_named`. Empty values count as absent. */
export function readTemporalConfig(env: Env): TemporalConfig {
  const given: Record<string, string> = {};
  for (const [key, value] of Object.entries(env)) if (value) given[key] = value;
  const parsed = temporalEnvironment.safeParse(given);
  if (!parsed.success) throw invalid(z.prettifyError(parsed.error));
  const keys = parsed.data;
  const external = keys.TEMPORAL_ADDRESS ?? keys.TEMPORAL_PROFILE ?? keys.TEMPORAL_CONFIG_FILE;
  const profile = external ? loadProfile(given) : undefined;
  const config: TemporalConfig = {
    namespace: profile?.namespace ?? keys.TEMPORAL_NAMESPACE ?? 'default',
    server: profile
      ? { kind: 'external', connection: profile.connection }
      : { kind: 'embedded', port: keys.TEMPORAL_PORT, uiPort: keys.TEMPORAL_UI_PORT },
    uiUrl: keys.TEMPORAL_UI_URL?.replace(/\/+$/, ''),
    data: resolve(keys.WAYMARK_DATA ?? '.waymark'),
    cache: join(keys.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'waymark'),
    path: given.PATH ?? '',
  };
  if (profile && !isLoopback(profile.connection.address) && !keys.WAYMARK_DATA) throw dataNotNamed(profile.connection);
  return config;
}

function loadProfile(env: Record<string, string>): { namespace?: string; connection: ConnectionSettings } {
  try {
    const { namespace, connectionOptions } = loadClientConnectConfig({ overrideEnvVars: env });
    return { namespace, connection: { ...connectionOptions, address: connectionOptions.address ?? 'localhost:7233' } };
  } catch (error) {
    throw invalid(String(error), { cause: error });
  }
}

/** True for an address (host:port) that only this machine reaches. */
export function isLoopback(address: string): boolean {
  const host = address
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

const invalid = (what: string, options?: ErrorOptions): TemporalTrouble =>
  new TemporalTrouble(
    'configuration_invalid',
    `The environment does not say how to reach Temporal:\n${what}`,
    'Correct the keys named above; docs/temporal.md lists them all.',
    options,
  );

const dataNotNamed = ({ address }: ConnectionSettings): TemporalTrouble =>
  new TemporalTrouble(
    'data_folder_not_named',
    `Temporal at ${address} may be used from several machines, and values over 32 KiB are kept as files in the data folder.`,
    'Set WAYMARK_DATA to a folder that every API and worker process of this namespace shares (an absolute path; a network file system is fine).',
  );
