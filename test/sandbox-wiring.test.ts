// How the service tells of its sandbox: settings, log, health.
import pino from 'pino';
import { expect, test } from 'vitest';
import { createApp } from '../api/app.ts';
import { sandboxConfig } from '../activities/sandbox/config.ts';
import type { SandboxState } from '../activities/sandbox/sandbox.ts';
import { readEnvironment } from '../worker/environment.ts';
import { openSandbox } from '../worker/open-sandbox.ts';
import { openApiStage } from './api-stage.ts';
import { sandboxDirectory } from './sandbox-stage.ts';

test('the settings name every limit', () => {
  const { environment } = readEnvironment(
    { SANDBOX_TIME_S: '2', SANDBOX_MEMORY_MB: '256', SANDBOX_OUTPUT_KB: '1', SANDBOX_PYTHON: 'python3.12' },
    [],
  );
  expect(sandboxConfig(environment, '/data')).toMatchObject({
    data: '/data',
    python: 'python3.12',
    off: false,
    limits: { time_ms: 2000, memory: 256 * 1024 ** 2, output: 1024, processes: 64, file_size: 50 * 1024 ** 2 },
  });
});

test.each([{ SANDBOX_TIME_S: '0' }, { SANDBOX_PROCESSES: 'many' }, { SANDBOX_OFF: 'perhaps' }])(
  '%o is refused in one line',
  (variables) => expect(() => readEnvironment(variables, [])).toThrow(Object.keys(variables)[0]),
);

test('the log says why there is none', async () => {
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  const { environment, temporal } = readEnvironment({ SANDBOX_OFF: '1', WAYMARK_DATA: sandboxDirectory }, []);
  const sandbox = openSandbox(environment, temporal, log);
  await sandbox.close();
  expect(lines.join('')).toMatch(/Python programs cannot be run\..*SANDBOX_OFF/);
});

const states: [SandboxState | undefined, object][] = [
  [{ kind: 'preparing' }, { status: 'preparing' }],
  [{ kind: 'ready', python: '3.11.7', packages: {} }, { status: 'up' }],
  [
    { kind: 'unavailable', reason: 'No namespaces.' },
    { status: 'down', detail: 'No namespaces.' },
  ],
  [undefined, { status: 'unknown' }],
];

test.each(states)('health tells %o, and stays ready', async (state, component) => {
  const stage = await openApiStage();
  const app = createApp({ ...stage.deps, ...(state && { sandbox: { state: () => state } }) });
  expect(await (await app.request('/api/health')).json()).toMatchObject({ components: { sandbox: component } });
  expect((await app.request('/health/ready')).status).toBe(200);
  await stage.close();
});
