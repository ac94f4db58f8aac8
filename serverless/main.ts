// handler(event): creates a task on a serverless platform. It starts a run on the Temporal that TEMPORAL_ADDRESS names and
// awaits its end; the work is done by the workers there (npm run worker).
import { pino } from 'pino';
import { createHandler, type HandlerAnswer } from '../api/doors/tasks/handler.ts';
import { openTemporal } from '../temporal/access.ts';
import { clientConnection } from '../temporal/connection.ts';
import { createApiDeps } from '../worker/api-deps.ts';
import { clientOn } from '../worker/client.ts';
import { EnvironmentError, readEnvironment } from '../worker/environment.ts';

let opening: ReturnType<typeof open> | undefined;

/** Connects with the first event, and keeps the connection for those that come after it. */
export async function handler(event: unknown): Promise<HandlerAnswer> {
  opening ??= open(process.env);
  // A platform that could not reach Temporal tries again with the next event.
  opening.catch(() => (opening = undefined));
  return (await opening)(event);
}

async function open(variables: NodeJS.ProcessEnv) {
  const { environment, temporal: config } = readEnvironment(variables, []);
  if (config.server.kind !== 'external')
    throw new EnvironmentError('TEMPORAL_ADDRESS must name a Temporal: a serverless entry starts none.');
  const log = pino({ level: environment.LOG_LEVEL });
  const temporal = await openTemporal(config, log);
  const client = clientOn(clientConnection(temporal.connection), config);
  return createHandler(
    createApiDeps({ environment, config, temporal, client, hub: undefined, eagerStart: false, log }),
  );
}
