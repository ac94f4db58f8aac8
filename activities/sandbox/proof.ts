// Shows at start that the sandbox of this machine holds: each boundary and each limit, by harmless programs. What is not
// shown is not relied on: then there is no sandbox.
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Input, Json, LimitName, Limits, Outcome, Program } from './sandbox.ts';
import { SandboxUnavailable } from './sandbox.ts';

type Run = (program: Program, signal: AbortSignal) => Promise<Outcome>;

const boundaries = new URL('./python/proof.py', import.meta.url);
const mebi = 1024 * 1024;

/** Programs that go over one limit, by little, and end by themselves soon after it. */
const overLimits: { [limit in LimitName]?: { code: string; limits: Program['limits'] } } = {
  time: { code: 'import time\ndef main_function():\n    time.sleep(3)', limits: { time_ms: 300 } },
  cpu: {
    code: 'import time\ndef main_function():\n    while time.process_time() < 3: pass',
    limits: { cpu_s: 1, time_ms: 15_000 },
  },
  output: { code: 'def main_function():\n    print("x" * 5000)', limits: { output: 1000 } },
  memory: {
    // Each alone is within the limit.
    code: `import os, time
def main_function():
    for _ in range(3):
        if os.fork() == 0:
            held = bytearray(${48 * mebi})
            time.sleep(2)
            os._exit(0)
    time.sleep(2)`,
    limits: { memory: 96 * mebi, processes: 10 },
  },
};

/** @throws SandboxUnavailable naming what stands open */
export async function prove(run: Run, limits: Limits, signal: AbortSignal): Promise<void> {
  const open = await whatIsOpen(run, limits, signal);
  if (open !== '') throw new SandboxUnavailable(`The sandbox does not hold on this machine: ${open}.`);
  const names: LimitName[] = ['time', 'cpu', 'output', 'memory'];
  await Promise.all(names.map((name) => proveLimit(name, run, signal)));
}

/** With decoys of our own: a file, a listener on loopback, this very process. */
async function whatIsOpen(run: Run, limits: Limits, signal: AbortSignal): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-proof-'));
  const listener = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  try {
    await once(listener, 'listening');
    const address = listener.address();
    const file = join(folder, 'decoy');
    await writeFile(file, 'decoy', { mode: 0o644 });
    const { file_size, disk, memory, open_files, processes } = limits;
    const inputs = {
      file: plain(file),
      port: plain(typeof address === 'object' && address ? address.port : 0),
      pid: plain(process.pid),
      limits: plain({ file_size, disk, memory, open_files, processes }),
    };
    return inWords(await run({ code: await readFile(boundaries, 'utf8'), inputs }, signal));
  } finally {
    listener.close();
    await rm(folder, { recursive: true, force: true });
  }
}

const plain = (value: Json): Input => ({ type: 'json', value });

/** Empty: nothing. */
function inWords(outcome: Outcome): string {
  if (outcome.kind !== 'result') return `its proof ended otherwise (${told(outcome)})`;
  const [names = [], whats = []] = outcome.frame.values;
  return names.map((name, index) => `${String(name)}: ${String(whats[index])}`).join('; ');
}

/** A machine that is busy elsewhere may take all the time that a program has: that shows nothing yet. */
const mostTries = 3;
const ranOut = (outcome: Outcome): boolean => outcome.kind === 'limit' && outcome.limit === 'time';

async function proveLimit(name: LimitName, run: Run, signal: AbortSignal): Promise<void> {
  const program = overLimits[name];
  if (!program) return;
  let outcome = await run({ ...program, inputs: {} }, signal);
  const tries = name === 'time' ? 1 : mostTries;
  for (let tried = 1; tried < tries && ranOut(outcome); tried++)
    outcome = await run({ ...program, inputs: {} }, signal);
  if (outcome.kind === 'limit' && outcome.limit === name) return;
  throw new SandboxUnavailable(`The sandbox does not hold on this machine: limit of ${name} (${told(outcome)}).`);
}

function told(outcome: Outcome): string {
  const { kind, stderr } = outcome;
  const more = kind === 'exception' ? outcome.message : kind === 'limit' ? outcome.limit : stderr.trim().slice(-300);
  return more === '' ? kind : `${kind}: ${more}`;
}
