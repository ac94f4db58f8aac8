// What the API is made of, from the environment: for a server, and for an entry without one.
import type { Client } from '@temporalio/client';
import { Connection } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { createFunctionStore } from '../activities/functions/store.ts';
import type { Hub } from '../activities/hub.ts';
import { tools } from '../activities/tools/index.ts';
import type { Sandbox } from '../activities/sandbox/sandbox.ts';
import { type Auth, createAuth } from '../api/auth/auth.ts';
import type { Catalogue } from '../api/catalogue.ts';
import type { ApiDeps } from '../api/deps.ts';
import { researchConfig } from '../api/doors/research/config.ts';
import { historyConnection } from '../api/events/history.ts';
import type { Open } from '../api/events/payload.ts';
import { createStreams } from '../api/events/streams.ts';
import type { Temporal } from '../temporal/access.ts';
import type { TemporalConfig } from '../temporal/config.ts';
import { blobs, createDataConverter } from '../temporal/converter.ts';
import { openPayloads } from '../temporal/payloads.ts';
import * as shipped from '../workflows/index.ts';
import { taskQueue } from '../workflows/runtime/messages.ts';
import type { Environment } from './environment.ts';
import { version } from './version.ts';

export interface ApiParts {
  environment: Environment;
  config: TemporalConfig;
  temporal: Temporal;
  client: Client;
  /** Undefined without a worker in this process: steps then show their text when they are done. */
  hub: Hub | undefined;
  /** The worker's own, when it is in this process. */
  sandbox?: Pick<Sandbox, 'state'>;
  /** The client is on a worker's own connection: it may ask for a run's first task with its start. */
  eagerStart: boolean;
  /** What can be started; absent: the shipped catalogue. */
  catalogue?: Catalogue;
  log: Logger;
  /** Of the process. */
  registry?: Registry;
}

export function createApiDeps(parts: ApiParts): ApiDeps {
  const { environment, config, temporal, client, hub, sandbox, eagerStart, catalogue = shipped, log } = parts;
  const payloads = openPayloads(createDataConverter(blobs(config.data)));
  const connection = Connection.lazy({ ...temporal.connection, ...historyConnection() });
  const open: Open = (payload) => payloads.value([payload]);
  return {
    client,
    namespace: config.namespace,
    taskQueue,
    streams: createStreams({ connection, namespace: config.namespace, open, hub }),
    open,
    hub,
    sandbox,
    functions: createFunctionStore(environment.USER_TASKS_DIR),
    auth: authOf(environment),
    tools: tools.map(({ name }) => name),
    catalogue,
    log,
    registry: parts.registry,
    temporalUi: temporal.uiUrl,
    config: {
      version,
      corsOrigins: environment.CORS_ORIGINS,
      eagerStart,
      // The server tells a poll's time at its start, and a poll lasts 10 s on ours, 60 s elsewhere.
      workerSeenWithinMs: temporal.kind === 'external' ? 70_000 : 15_000,
      research: researchConfig(environment),
      showFaults: environment.LOG_LEVEL === 'debug',
    },
  };
}

function authOf(environment: Environment): Auth | undefined {
  const { AUTH_API_KEYS: keys, AUTH_JWT_SECRET: secret, AUTH_JWKS_URL: jwksUrl } = environment;
  const { AUTH_JWT_ISSUER: issuer, AUTH_JWT_AUDIENCE: audience } = environment;
  return createAuth({ keys, jwt: { secret, jwksUrl, issuer, audience } });
}
