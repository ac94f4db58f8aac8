// `npm run temporal`: the server in the foreground; with arguments the Temporal CLI, pointed at the server in use;
// `setup`: adds to a server that is not ours what Waymark needs there.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { openTemporal } from './access.ts';
import { cliFor } from './cli.ts';
import { readTemporalConfig, type TemporalConfig } from './config.ts';
import { clientConnection } from './connection.ts';
import { endingOf } from './ending.ts';
import { setUp } from './setup.ts';
import { TemporalTrouble } from './trouble.ts';

const say = (line: string) => process.stderr.write(`${line}\n`);
const log = { info: say, warn: say, ...(process.env.LOG_LEVEL === 'debug' && { debug: say }) };

async function main(args: string[]): Promise<number> {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const config = readTemporalConfig(process.env);
  if (args.length === 0) return await serve(config);
  if (args.length === 1 && args[0] === 'setup') return await setup(config);
  return await runCli(config, args);
}

async function serve(config: TemporalConfig): Promise<number> {
  if (config.server.kind === 'external') {
    say(`Temporal is at ${config.server.connection.address} (TEMPORAL_ADDRESS): there is nothing to start here.`);
    return 1;
  }
  const temporal = await openTemporal(config, log);
  if (temporal.kind === 'joined') {
    say('Another process started it and will end it.');
    return 0;
  }
  const asked = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  // npm passes Ctrl+C on once more, which must not cut the server's end short.
  process.on('SIGINT', () => {});
  await asked;
  await temporal.stop();
  return 0;
}

async function setup(config: TemporalConfig): Promise<number> {
  if (config.server.kind === 'embedded') {
    say('TEMPORAL_ADDRESS is not set: the server that Waymark starts by itself needs no setup.');
    return 0;
  }
  const connection = clientConnection(config.server.connection);
  try {
    await setUp(connection, config.namespace, log);
    return 0;
  } finally {
    await connection.close();
  }
}

async function runCli(config: TemporalConfig, args: string[]): Promise<number> {
  const { binary, env } = await cliFor(config, log);
  // Ctrl+C reaches the CLI too, which decides what it means.
  process.on('SIGINT', () => {});
  const child = spawn(binary, args, { stdio: 'inherit', env: { ...process.env, ...env } });
  await endingOf(child);
  return child.exitCode ?? 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof TemporalTrouble)) throw error;
  say(error.message);
  process.exitCode = 1;
}
