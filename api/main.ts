// npm run api: the API alone. Tokens in flight do not cross processes yet: a step shows its text when it is done.
import { openTemporal } from '../temporal/access.ts';
import { clientConnection } from '../temporal/connection.ts';
import { clientOn } from '../worker/client.ts';
import { endOnSignal } from '../worker/ending.ts';
import { launch, type Launch } from '../worker/launch.ts';
import { createRegistry } from '../worker/meters.ts';
import { openApi } from '../worker/open-api.ts';

await launch(import.meta.filename, process.env, start);

async function start({ environment, temporal: config, log }: Launch): Promise<void> {
  const temporal = await openTemporal(config, log);
  const client = clientOn(clientConnection(temporal.connection), config);
  const registry = createRegistry();
  const api = await openApi({
    environment,
    config,
    temporal,
    client,
    hub: undefined,
    eagerStart: false,
    log,
    registry,
  });
  process.stdout.write(`Waymark's API is at ${api.url}\n`);
  endOnSignal(log, async () => {
    await api.close();
    await client.connection.close();
    await temporal.stop();
  });
}
