// Imports point one way: api → workflows → activities, worker → all; a main.ts puts together what it starts.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Plain values without any dependence of their own: workflows and the API compute with them, too. */
const plain = [
  'activities/spent.ts',
  'activities/functions/given.ts',
  'activities/functions/ending.ts',
  'activities/model/print.ts',
];

/** Which folders a folder may import values from, and which only types from. */
const allowed: Record<string, { values: string[]; types: string[] }> = {
  workflows: { values: ['workflows', ...plain], types: ['activities'] },
  activities: { values: ['activities'], types: [] },
  temporal: { values: ['temporal', 'workflows/runtime/messages.ts'], types: [] },
  client: { values: ['client'], types: ['api'] },
  console: { values: ['console', 'api'], types: [] },
  api: {
    values: [
      'api',
      'workflows',
      ...plain,
      'activities/effects.ts',
      'activities/tools/index.ts',
      'activities/model/output.ts',
    ],
    types: ['activities'],
  },
};

interface Import {
  file: string;
  target: string;
  typeOnly: boolean;
}

const files = Object.keys(allowed).flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file)),
);

const imports: Import[] = files.flatMap((file) => {
  const source = readFileSync(join(root, file), 'utf8');
  const found = source.matchAll(/^(?:import|export)\s+(type\s+)?([^'";]*?from\s+)?'(\.[^']+)'/gms);
  return [...found].map(([, type, names = '', path]) => ({
    file,
    target: normalize(join(dirname(file), path!)),
    typeOnly: type !== undefined || everyNameIsType(names),
  }));
});

function everyNameIsType(names: string): boolean {
  const list = /\{([^}]*)\}/
    .exec(names)?.[1]
    ?.split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  return list !== undefined && list.length > 0 && list.every((name) => name.startsWith('type '));
}

const within = (target: string, places: string[]) =>
  places.some((place) => target === place || target.startsWith(`${place}/`));

test.each(Object.keys(allowed))('%s imports only from where it may', (folder) => {
  const { values, types } = allowed[folder]!;
  const own = imports.filter(({ file }) => file.startsWith(`${folder}/`) && !file.endsWith('/main.ts'));
  const wrong = own.filter(({ target, typeOnly }) => !within(target, typeOnly ? [...values, ...types] : values));
  expect(own.length).toBeGreaterThan(0);
  expect(wrong).toEqual([]);
});

/** They start programs, and hand the whole environment on without looking into it. */
const handsOn = ['temporal/build.ts', 'temporal/server.ts'];

test('only main.ts files read the environment', () => {
  const uses = (file: string) => readFileSync(join(root, file), 'utf8').match(/process\.env\b(?!\)|, )/g) ?? [];
  const readers = files.filter((file) => !file.endsWith('/main.ts') && uses(file).length > 0);
  expect(readers).toEqual([]);
  for (const file of handsOn) expect(readFileSync(join(root, file), 'utf8')).not.toMatch(/process\.env[.[]/);
});

test('no file has a name that says nothing', () => {
  const empty = files.filter((file) => /(^|\/)(utils?|helpers?|common|shared|lib|misc|types)(\/|\.|$)/.test(file));
  expect(empty).toEqual([]);
});

test('the imports are found at all', () => {
  expect(imports.some(({ file, typeOnly }) => file === 'workflows/runtime/gate.ts' && typeOnly)).toBe(true);
  expect(imports.some(({ file, typeOnly }) => file === 'workflows/rag.ts' && !typeOnly)).toBe(true);
});
