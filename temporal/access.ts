// The way in to Temporal: a server that was named, one of ours that runs already, or one started now.
import type { ConnectionSettings, TemporalConfig } from './config.ts';
import { clientConnection } from './connection.ts';
import { openEmbedded } from './embedded.ts';
import type { Log } from './log.ts';
import { loopback } from './ports.ts';
import { checkSetup } from './setup.ts';

export interface Temporal {
  /** `external`: named in the environment, never altered. `owned`, `joined`: see Embedded. */
  kind: 'external' | 'owned' | 'joined';
  namespace: string;
  connection: ConnectionSettings;
  /** Base address of the Web UI, without a slash at the end, when it is known. */
  uiUrl?: string;
  /** Ends the server if this process started it. To be called when the worker has drained. */
  stop(): Promise<void>;
}

/**
 * Settles when a server of ours answers; for an external one, at once, answering or not. Getting a binary can take minutes
 * the first time. Throws TemporalTrouble.
 */
export async function openTemporal(config: TemporalConfig, log: Log): Promise<Temporal> {
  const { namespace, server } = config;
  if (server.kind === 'external') return await openExternal(server.connection, config, log);
  const embedded = await openEmbedded({ ...config, ...server }, log);
  const connection = { address: `${loopback}:${embedded.port}` };
  const uiUrl = `http://${loopback}:${embedded.uiPort}`;
  log.info(`Temporal: ${connection.address} (${embedded.kind}), Web UI: ${uiUrl}`);
  return { kind: embedded.kind, namespace, connection, uiUrl, stop: () => embedded.stop() };
}

async function openExternal(settings: ConnectionSettings, config: TemporalConfig, log: Log): Promise<Temporal> {
  const { namespace, uiUrl } = config;
  const connection = clientConnection(settings);
  try {
    await checkSetup(connection, namespace, log);
  } finally {
    await connection.close();
  }
  log.info(`Temporal: ${settings.address}, namespace ${namespace}`);
  return { kind: 'external', namespace, connection: settings, uiUrl, stop: () => Promise.resolve() };
}
