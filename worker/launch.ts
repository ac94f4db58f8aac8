// How every main.ts begins: .env, environment, log; and how it says in one line why it cannot.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Logger } from 'pino';
import { TemporalTrouble } from '../temporal/trouble.ts';
import { type Arguments, EnvironmentError, readEnvironment } from './environment.ts';
import { createLog } from './log.ts';

export interface Launch extends Arguments {
  log: Logger;
}

/**
 * Runs `start` with the environment read. A fault that its reader can mend is printed as it is and exits with 1; with
 * `--reload` the program runs in a child that begins anew whenever a source file changes.
 */
export async function launch(main: string, variables: NodeJS.ProcessEnv, start: (launch: Launch) => Promise<void>) {
  try {
    loadEnvFile();
    const read = readEnvironment(variables, process.argv.slice(2));
    if (read.reload) return reloading(main, variables);
    spareThreads(variables);
    forget(variables);
    const log = createLog(read.environment.LOG_LEVEL, process.stderr.isTTY);
    for (const line of read.ignored) log.warn(line);
    await start({ ...read, log });
  } catch (error) {
    if (!(error instanceof EnvironmentError || error instanceof TemporalTrouble)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

/** Who may come in is known by now; programs that this one starts are handed its environment. */
function forget(variables: NodeJS.ProcessEnv): void {
  delete variables['AUTH_API_KEYS'];
  delete variables['AUTH_JWT_SECRET'];
}

/** `.env` of the working directory; what is set already wins (https://nodejs.org/api/process.html#processloadenvfilepath). */
function loadEnvFile(): void {
  if (existsSync('.env')) process.loadEnvFile();
}

/**
 * With `--watch` Node's threads tell whoever started them which files they load, and what Temporal's SDK is told so by its
 * own threads ends the process. The main thread has it read by now, and goes on telling: it loads all that they do.
 */
function spareThreads(variables: NodeJS.ProcessEnv): void {
  delete variables['WATCH_REPORT_DEPENDENCIES'];
}

function reloading(main: string, env: NodeJS.ProcessEnv): void {
  const rest = process.argv.slice(2).filter((argument) => argument !== '--reload');
  const watch = ['--watch', '--watch-preserve-output'];
  spawn(process.execPath, [...process.execArgv, ...watch, main, ...rest], { env, stdio: 'inherit' });
}
