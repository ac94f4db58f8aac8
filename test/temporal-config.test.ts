// What the environment says about Temporal and the data folder.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { isLoopback, readTemporalConfig } from '../temporal/config.ts';
import { TemporalTrouble } from '../temporal/trouble.ts';

test('an empty environment is an embedded server on 7233 with data in .waymark', () => {
  expect(readTemporalConfig({})).toMatchObject({
    namespace: 'default',
    server: { kind: 'embedded', port: 7233, uiPort: 8233 },
    data: resolve('.waymark'),
    cache: join(homedir(), '.cache', 'waymark'),
  });
});

test('empty values count as absent', () => {
  const config = readTemporalConfig({ TEMPORAL_ADDRESS: '', TEMPORAL_PORT: '', WAYMARK_DATA: '' });
  expect(config).toEqual(readTemporalConfig({}));
});

test('TEMPORAL_ADDRESS names an external server, with namespace, API key and TLS', () => {
  const config = readTemporalConfig({
    TEMPORAL_ADDRESS: 'team.tmprl.cloud:7233',
    TEMPORAL_NAMESPACE: 'team',
    TEMPORAL_API_KEY: 'key',
    TEMPORAL_UI_URL: 'https://cloud.temporal.io/',
    WAYMARK_DATA: '/srv/waymark',
  });
  expect(config).toMatchObject({
    namespace: 'team',
    server: { kind: 'external', connection: { address: 'team.tmprl.cloud:7233', apiKey: 'key', tls: true } },
    uiUrl: 'https://cloud.temporal.io',
    data: '/srv/waymark',
  });
});

test('a profile of a Temporal configuration file names an external server', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-config-'));
  const file = join(folder, 'temporal.toml');
  await writeFile(file, '[profile.staging]\naddress = "127.0.0.1:7777"\nnamespace = "blue"\n');
  expect(readTemporalConfig({ TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'staging' })).toMatchObject({
    namespace: 'blue',
    server: { kind: 'external', connection: { address: '127.0.0.1:7777' } },
  });
  await rm(folder, { recursive: true });
});

test('a Temporal that is not on loopback needs WAYMARK_DATA, because values are kept there as files', () => {
  const read = () => readTemporalConfig({ TEMPORAL_ADDRESS: 'temporal.internal:7233' });
  expect(read).toThrow(TemporalTrouble);
  expect(read).toThrow(/WAYMARK_DATA/);
  expect(readTemporalConfig({ TEMPORAL_ADDRESS: '127.0.0.1:7233' }).server.kind).toBe('external');
});

test('a value that cannot be is refused with its key', () => {
  expect(() => readTemporalConfig({ TEMPORAL_PORT: '70000' })).toThrow(/TEMPORAL_PORT/);
  expect(() => readTemporalConfig({ TEMPORAL_PORT: 'abc' })).toThrow(/TEMPORAL_PORT/);
  expect(() => readTemporalConfig({ TEMPORAL_PROFILE: 'absent' })).toThrow(/absent/);
});

test('only addresses of this machine are loopback', () => {
  const loopback = ['localhost:7233', '127.0.0.1:7233', '127.9.9.9:1', '[::1]:7233', 'LOCALHOST'];
  const others = ['127.0.0.1.example.org:7233', 'localhost.example.org:7233', '10.0.0.1:7233', '0.0.0.0:7233'];
  expect([...loopback, ...others].filter(isLoopback)).toEqual(loopback);
});
