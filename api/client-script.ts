// Serves the client (client/index.ts) as one JavaScript module at /client.js: its types stripped, its files joined.
import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import type { Api } from './deps.ts';

/** Each file after those that it imports. */
const files = ['sse', 'server', 'follow', 'runs', 'control', 'texts'];

export function addClient(app: Api): void {
  let kept: Promise<string> | undefined;
  app.get('/client.js', async (c) => {
    kept ??= joined();
    const headers = { 'Content-Type': 'text/javascript; charset=utf-8', 'Cache-Control': 'no-cache' };
    return c.body(await kept, 200, headers);
  });
}

const source = (name: string): Promise<string> =>
  readFile(new URL(`../client/${name}.ts`, import.meta.url), 'utf8').then(withoutTypes);

/** Node warns once that this may change; whoever started the service can do nothing about that. */
function withoutTypes(code: string): string {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = () => {};
  try {
    return stripTypeScriptTypes(code);
  } finally {
    process.emitWarning = emitWarning;
  }
}

async function joined(): Promise<string> {
  const [index = '', ...parts] = await Promise.all(['index', ...files].map(source));
  const names = [...index.matchAll(/^export \{([^}]*)\}/gm)].map(([, list = '']) => list.trim());
  const code = parts.map((part) => part.replace(/^import\s[^;]*;$/gm, '').replace(/^export (?=\w)/gm, ''));
  const text = [...code, `export { ${names.join(', ')} };\n`].join('\n');
  return text.replace(/[ \t]+$/gm, '').replace(/\n{3,}/g, '\n\n');
}
