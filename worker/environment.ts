// The environment as one object: read once by a main.ts, checked here, handed on as plain values.
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { researchEnvironment } from '../api/doors/research/config.ts';
import { readKeys } from '../api/auth/keys.ts';
import { pageEnvironment } from '../activities/page/config.ts';
import type { Secret } from '../activities/tools/mcp/secrets.ts';
import { sandboxEnvironment } from '../activities/sandbox/config.ts';
import { readTemporalConfig, type TemporalConfig } from '../temporal/config.ts';
import { adopt } from './older-names.ts';

const port = z.coerce.number().int().min(0).max(65_535);
const list = z.string().transform((text) => text.split(/[\s,]+/).filter(Boolean));
const flag = z.enum(['0', '1', 'true', 'false', '']).transform((text) => text === '1' || text === 'true');

const schema = z.object({
  ...pageEnvironment.shape,
  ...sandboxEnvironment.shape,
  ...researchEnvironment.shape,
  API_HOST: z.string().default('127.0.0.1'),
  API_PORT: port.default(8000),
  CORS_ORIGINS: list.default(['http://localhost:3000']),
  AUTH_OFF: flag.default(false),
  /** name:role:key, … */
  AUTH_API_KEYS: z
    .string()
    .default('')
    .transform((text, context) => {
      const read = readKeys(text);
      if ('keys' in read) return read.keys;
      context.addIssue({ code: 'custom', message: read.wrong });
      return z.NEVER;
    }),
  AUTH_JWT_SECRET: z.string().optional(),
  AUTH_JWKS_URL: z.url({ protocol: /^https?$/ }).optional(),
  AUTH_JWT_ISSUER: z.string().optional(),
  /** A token must be for one of them. */
  AUTH_JWT_AUDIENCE: list.optional(),
  /** Read again by each thread (worker/threads/main.ts). */
  WAYMARK_CALL_STACKS: flag.default(false),
  /** Of a worker that shares its process with no API. */
  WAYMARK_METRICS_PORT: port.optional(),
  WAYMARK_WORKER_SLOTS: z.coerce.number().int().min(1).max(1000).default(20),
  /** Seconds that steps in flight may go on when a worker is asked to end. */
  WAYMARK_SHUTDOWN_GRACE_S: z.coerce.number().min(0).max(3600).default(30),
  OPENAI_API_KEY: z.string().default(''),
  OPENAI_BASE_URL: z.url().default('https://api.openai.com/v1'),
  OPENAI_API: z.enum(['responses', 'chat']).default('responses'),
  OPENAI_MODEL: z.string().min(1).default('gpt-4o-mini'),
  OPENAI_BACKGROUND: flag.default(false),
  /** Command lines that agents' tool servers may be started by; with arguments: what they must begin with. */
  MCP_COMMANDS: z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((line) => line.trim())
        .filter(Boolean),
    ),
  /** name place value, … : secrets of tool servers, each for the origin or the command that is its place. */
  MCP_SECRETS: z
    .string()
    .default('')
    .transform((text, context) => {
      const entries = text.split(',').map((entry) => /^\s*([A-Za-z0-9_-]+)\s+(\S+)\s+(\S.*?)\s*$/.exec(entry));
      const secrets = entries.flatMap((found): [string, Secret][] => {
        const [, name, place, value] = found ?? [];
        return name && place && value ? [[name, { place, value }]] : [];
      });
      if (text.trim() === '' || secrets.length === entries.length) return new Map(secrets);
      context.addIssue({ code: 'custom', message: 'Must be "name place value", separated by commas' });
      return z.NEVER;
    }),
  /** Of the programs that the worker starts for agents. */
  PATH: z.string().default(''),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** Where functions are kept: from the working directory. */
  USER_TASKS_DIR: z.string().min(1).default('user_tasks'),
  /** `production` takes the bundle that `npm run bundle` wrote. */
  NODE_ENV: z.string().default(''),
});

export type Environment = z.infer<typeof schema>;

/** What cannot be started with: said in one line, for whoever typed it. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
}

export interface Arguments {
  environment: Environment;
  temporal: TemporalConfig;
  /** Start again whenever a source file changes. */
  reload: boolean;
  /** What was set but has no effect, one line each. */
  ignored: string[];
}

/**
 * `--host`, `--port` win over the environment. An empty variable counts as not set.
 * @throws EnvironmentError naming the variable and what it may be; TemporalTrouble for Temporal's own
 */
export function readEnvironment(variables: NodeJS.ProcessEnv, argv: string[]): Arguments {
  const { host, port: number, reload = false } = options(argv);
  const { adopted, ignored } = adopt(variables);
  const given = { ...adopted, ...(host && { API_HOST: host }), ...(number && { API_PORT: number }) };
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(set);
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new EnvironmentError(`The environment cannot be used. ${issues.join('; ')}. See docs/configuration.md.`);
  }
  refuseOpenDoors(parsed.data);
  return { environment: parsed.data, temporal: readTemporalConfig(set), reload, ignored };
}

function options(argv: string[]) {
  try {
    const known = { host: { type: 'string' }, port: { type: 'string' }, reload: { type: 'boolean' } } as const;
    return parseArgs({ args: argv, options: known }).values;
  } catch (error) {
    throw new EnvironmentError(
      `${error instanceof Error ? error.message : String(error)} Known: --host, --port, --reload.`,
    );
  }
}

/** Nobody must believe to be behind a key that is not asked for, nor be open to others unasked. */
function refuseOpenDoors({ API_HOST, AUTH_OFF, AUTH_API_KEYS, AUTH_JWT_SECRET, AUTH_JWKS_URL }: Environment): void {
  const isOn = AUTH_API_KEYS.length > 0 || AUTH_JWT_SECRET !== undefined || AUTH_JWKS_URL !== undefined;
  if (isOn && AUTH_OFF) {
    throw new EnvironmentError(
      'AUTH_OFF=1 contradicts AUTH_API_KEYS, AUTH_JWT_SECRET and AUTH_JWKS_URL: unset the one or the others.',
    );
  }
  if (!isOn && !AUTH_OFF && !isLoopback(API_HOST)) {
    throw new EnvironmentError(
      `API_HOST=${API_HOST} is open to others and nothing checks who they are: set AUTH_API_KEYS=name:role:key, or AUTH_OFF=1 if something in front does.`,
    );
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
