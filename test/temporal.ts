// One real Temporal server for a whole test run, on free ports, its data in a folder that goes with it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { findBinary } from '../temporal/binary.ts';
import { readTemporalConfig } from '../temporal/config.ts';
import { nextFree } from '../temporal/ports.ts';
import { startServer } from '../temporal/server.ts';

/** Deleted runs are forgotten one after the other, each when all before it is marked as done: every 30 s by default. */
const forgetful = {
  'history.transferProcessorUpdateAckInterval': '1s',
  'history.visibilityProcessorUpdateAckInterval': '1s',
};

declare module 'vitest' {
  export interface ProvidedContext {
    /** host:port of the test run's Temporal server. */
    temporalAddress: string;
    temporalNamespace: string;
    /** Port of its Web UI on 127.0.0.1. */
    temporalUiPort: number;
    /** Path of the Temporal CLI it runs from. */
    temporalBinary: string;
  }
}

const say = (line: string) => process.stderr.write(`${line}\n`);

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { PATH, XDG_CACHE_HOME } = process.env;
  const binary = await findBinary(readTemporalConfig({ PATH, XDG_CACHE_HOME }), { info: say, warn: say });
  const folder = await mkdtemp(join(tmpdir(), 'waymark-test-'));
  const port = await freePort();
  const uiPort = await freePort();
  const database = join(folder, 'temporal.db');
  const server = await startServer({ binary, port, uiPort, database, namespace: 'default', override: forgetful });
  project.provide('temporalAddress', server.address);
  project.provide('temporalNamespace', 'default');
  project.provide('temporalUiPort', uiPort);
  project.provide('temporalBinary', binary);
  return async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
}

/** Somewhere at random, so that test runs side by side do not reach for the same one. */
export const freePort = (): Promise<number> => nextFree(20_000 + Math.floor(Math.random() * 10_000));
