// A headless Chromium for a test, driven over its DevTools protocol: https://chromedevtools.github.io/devtools-protocol
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';

/** Undefined: there is none on this machine. */
export const chromium = (() => {
  try {
    return execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
})();

export interface Tab {
  go(url: string): Promise<void>;
  /** What the expression comes to, as JSON; a promise is awaited. @throws what it throws */
  run<T>(expression: string): Promise<T>;
  size(width: number, height: number): Promise<void>;
  /** A PNG file. */
  picture(path: string): Promise<void>;
  /** What the page wrote to its console, what it threw, and what its policy refused. */
  complaints: string[];
}

export interface Browser {
  tab: Tab;
  close(): Promise<void>;
}

export async function openBrowser(binary: string): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'waymark-chromium-'));
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'];
  const program = spawn(binary, [...flags, '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const root = await new Promise<URL>((resolve, reject) => {
    let said = '';
    program.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      const address = /DevTools listening on (ws:\S+)/.exec((said += chunk))?.[1];
      if (address) resolve(new URL(address));
    });
    program.once('exit', () => reject(new Error(`Chromium ended: ${said}`)));
  });
  const pages: { type: string; webSocketDebuggerUrl: string }[] = JSON.parse(
    await (await fetch(`http://${root.host}/json/list`)).text(),
  );
  const socket = new WebSocket(pages.find(({ type }) => type === 'page')!.webSocketDebuggerUrl);
  await once(socket, 'open');
  return {
    tab: await openTab(socket),
    async close() {
      socket.close();
      const ended = once(program, 'exit');
      program.kill('SIGTERM');
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

interface Reply {
  id?: number;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { message: string };
}

async function openTab(socket: WebSocket): Promise<Tab> {
  const waiting = new Map<number, (reply: Reply) => void>();
  const complaints: string[] = [];
  let newest = 0;
  let loaded = () => {};
  socket.on('message', (data: Buffer) => {
    const reply: Reply = JSON.parse(data.toString());
    if (reply.id !== undefined) waiting.get(reply.id)?.(reply);
    if (reply.method === 'Page.loadEventFired') loaded();
    if (/exceptionThrown|consoleAPICalled|Log\.entryAdded/.test(reply.method ?? ''))
      complaints.push(JSON.stringify(reply.params));
  });
  const call = async (method: string, params: object = {}): Promise<Record<string, unknown>> => {
    const id = ++newest;
    const answered = new Promise<Reply>((resolve) => waiting.set(id, resolve));
    socket.send(JSON.stringify({ id, method, params }));
    const { error, result = {} } = await answered;
    waiting.delete(id);
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  };
  for (const domain of ['Page', 'Runtime', 'Log']) await call(`${domain}.enable`);

  return {
    complaints,
    async go(url) {
      const done = new Promise<void>((resolve) => (loaded = resolve));
      await call('Page.navigate', { url });
      await done;
    },
    async run<T>(expression: string) {
      const wrapped = `(async () => JSON.stringify(await (${expression})))()`;
      const answer = await call('Runtime.evaluate', { expression: wrapped, awaitPromise: true, returnByValue: true });
      if (answer['exceptionDetails']) throw new Error(JSON.stringify(answer['exceptionDetails']));
      const { result } = answer;
      const text = typeof result === 'object' && result && 'value' in result ? String(result.value) : 'null';
      const value: T = JSON.parse(text === 'undefined' ? 'null' : text);
      return value;
    },
    size: async (width, height) => {
      await call('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 600 });
    },
    async picture(path) {
      const { data } = await call('Page.captureScreenshot', { format: 'png' });
      await writeFile(path, Buffer.from(String(data), 'base64'));
    },
  };
}
