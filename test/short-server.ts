// A Temporal server that suggests continue-as-new after few events.
import { inject } from 'vitest';
import { startServer, type ServerProcess } from '../temporal/server.ts';
import { freePort } from './temporal.ts';

export async function startShortServer(events: number): Promise<ServerProcess> {
  return startServer({
    binary: inject('temporalBinary'),
    port: await freePort(),
    uiPort: await freePort(),
    namespace: inject('temporalNamespace'),
    override: { 'limit.historyCount.suggestContinueAsNew': events },
  });
}
