// docker-compose.temporal.yml and its dynamic configuration, checked as files.
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { serverArguments } from '../temporal/server.ts';
import { embeddedSettings, environment, settings } from '../temporal/settings.ts';

const readText = (path: string) => readFile(new URL(`../${path}`, import.meta.url), 'utf8');

const composeFile = z.object({
  services: z.record(
    z.string(),
    z.object({
      image: z.string(),
      depends_on: z.record(z.string(), z.object({ condition: z.string() })).optional(),
      environment: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
      volumes: z.array(z.string()).optional(),
      ports: z.array(z.string()).optional(),
      healthcheck: z.object({ test: z.array(z.string()) }).optional(),
      restart: z.string(),
    }),
  ),
});
const dynamicConfig = z.record(z.string(), z.array(z.object({ value: z.unknown() }).strict()).length(1));

const compose = composeFile.parse(parse(await readText('docker-compose.temporal.yml')));
const dynamic = dynamicConfig.parse(parse(await readText('temporal/dynamic-config.yaml')));
const server = compose.services.temporal;

test('the mounted dynamic configuration has the same keys and values as the embedded server', () => {
  const values = Object.entries(dynamic).map(([key, [entry]]) => [key, entry?.value]);
  expect(Object.fromEntries(values)).toEqual(Object.fromEntries(settings.map(({ key, value }) => [key, value])));
  const flags = serverArguments({ binary: '', port: 1, uiPort: 2, namespace: 'default' });
  for (const { key, value } of settings) expect(flags).toContain(`${key}=${JSON.stringify(value)}`);
});

test('settings for the embedded server alone do not reach the cluster', () => {
  expect(embeddedSettings.length).toBeGreaterThan(0);
  for (const { key } of embeddedSettings) expect(Object.keys(dynamic)).not.toContain(key);
});

test('the server reads that file, and collects garbage as the embedded one does', () => {
  const path = server?.environment?.DYNAMIC_CONFIG_FILE_PATH;
  expect(server?.volumes).toContain(`./temporal/dynamic-config.yaml:${path}:ro`);
  expect(`${server?.environment?.GOGC}`).toBe(environment.GOGC);
});

test('every image has an exact version, the server the one that is built from source', async () => {
  for (const { image } of Object.values(compose.services)) expect(image).toMatch(/^[a-z/-]+:\d+\.\d+(\.\d+)?$/);
  const [, version] = /go\.temporal\.io\/server v(\S+)/.exec(await readText('temporal/go.mod')) ?? [];
  expect(server?.image).toBe(`temporalio/server:${version}`);
  expect(compose.services.schema?.image).toBe(`temporalio/admin-tools:${version}`);
});

test('everything that stays up has a health check, and each waits until what it needs is ready', () => {
  const { schema, ...lasting } = compose.services;
  const unchecked = Object.entries(lasting).filter(([, { healthcheck }]) => !healthcheck);
  expect(unchecked).toEqual([]);
  expect(schema?.depends_on).toEqual({ postgresql: { condition: 'service_healthy' } });
  expect(server?.depends_on).toEqual({ schema: { condition: 'service_completed_successfully' } });
  expect(compose.services.ui?.depends_on).toEqual({ temporal: { condition: 'service_healthy' } });
});

test('ports are open to this machine only', () => {
  const ports = Object.values(compose.services).flatMap((service) => service.ports ?? []);
  expect(ports).toEqual(['127.0.0.1:7233:7233', '127.0.0.1:8233:8080']);
});

test('each setting says what is worse without it, once', () => {
  const all = [...settings, ...embeddedSettings];
  expect(new Set(all.map(({ key }) => key)).size).toBe(all.length);
  for (const { without } of all) expect(without).toMatch(/^[A-Z].{30,}\.$/);
});
