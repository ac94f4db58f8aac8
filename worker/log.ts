// One log for all on stderr, Temporal's SDK included.
import { type LogLevel as SdkLevel, Runtime } from '@temporalio/worker';
import { type Logger, destination, pino } from 'pino';
import { requestFields } from '../api/auth/caller.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** JSON lines; a person at a terminal gets time, level and message, and the rest where there is any. */
export function createLog(level: LogLevel, terminal: boolean): Logger {
  const to = terminal ? { write: (line: string) => void process.stderr.write(readable(line)) } : destination(2);
  const { err } = pino.stdSerializers;
  return pino(
    {
      level,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { error: err },
      mixin: requestFields,
    },
    to,
  );
}

function readable(line: string): string {
  const { time, level, msg, ...rest }: Record<string, unknown> = JSON.parse(line);
  const more = Object.keys(rest).length > 0 ? ` ${JSON.stringify(rest)}` : '';
  return `${String(time).slice(11, 19)} ${pino.levels.labels[Number(level)]} ${String(msg)}${more}\n`;
}

/** The SDK tells every state of its worker as information; whoever runs the service need not know. */
const levels = { TRACE: 'trace', DEBUG: 'trace', INFO: 'debug', WARN: 'warn', ERROR: 'error' } as const;

/** The SDK warns of a worker without workflows; the one that reads journals is meant so. */
const asMeant = 'No workflows registered, not polling for workflow tasks';

/** Must come before the first connection of a worker: the SDK has one runtime for the process. */
export function installRuntime(log: Logger): void {
  const write = (level: SdkLevel, message: string, meta: object = {}) => {
    // A task token is the right to answer for a step.
    const { taskToken: _, ...told } = { taskToken: undefined, ...meta };
    log[message === asMeant ? 'trace' : levels[level]]({ ...told, component: 'temporal-sdk' }, message);
  };
  const at = (level: SdkLevel) => (message: string, meta?: object) => write(level, message, meta);
  const { logger } = Runtime.install({
    logger: {
      log: write,
      trace: at('TRACE'),
      debug: at('DEBUG'),
      info: at('INFO'),
      warn: at('WARN'),
      error: at('ERROR'),
    },
    telemetryOptions: { logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } },
    // Ours to handle: a signal must first let steps in flight end.
    shutdownSignals: [],
  });
  // No level of ours shows them, and the SDK would copy, sort and keep three of them for each task.
  logger.trace = logger.debug = () => {};
}
