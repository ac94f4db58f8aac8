// Which Python there is, as it describes itself.
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { CommandFault, printed } from './command.ts';
import { SandboxUnavailable } from './sandbox.ts';

const description = z.object({
  implementation: z.string(),
  platform: z.string(),
  machine: z.string(),
  version: z.tuple([z.number(), z.number(), z.number()]),
  /** Without links. */
  executable: z.string(),
  /** Changes when the executable is another one. */
  stamp: z.string(),
  stdlib: z.string(),
  /** The system's bubblewrap. */
  bwrap: z.string().nullable(),
});

export type Interpreter = z.infer<typeof description>;

const script = fileURLToPath(new URL('./python/describe.py', import.meta.url));

/** requirements.txt has files for these. */
const oldest = 10;
const newest = 14;
const usual = ['python3', ...Array.from({ length: newest - oldest + 1 }, (_, i) => `python3.${newest - i}`)];

/** @throws SandboxUnavailable saying what was found instead */
export async function findInterpreter(wanted: string, signal: AbortSignal): Promise<Interpreter> {
  const unfit: string[] = [];
  for (const command of wanted === '' ? usual : [wanted]) {
    try {
      const found = description.parse(JSON.parse(await printed(command, ['-I', script], signal)));
      const objection = unfitness(found);
      if (objection === undefined) return found;
      unfit.push(`${command} ${objection}`);
    } catch (error) {
      if (!(error instanceof CommandFault)) throw error;
      if (!error.message.includes('ENOENT')) unfit.push(`${command} does not run (${error.message})`);
    }
  }
  const found = unfit.length > 0 ? `: ${unfit.join('; ')}` : '';
  throw new SandboxUnavailable(
    `Python programs need CPython 3.${oldest} to 3.${newest} on Linux as python3 on PATH, or named by SANDBOX_PYTHON${found}.`,
  );
}

function unfitness({ implementation, platform, version: [major, minor] }: Interpreter): string | undefined {
  if (platform !== 'linux') return `runs on ${platform}`;
  if (implementation !== 'cpython') return `is ${implementation}`;
  if (major !== 3 || minor < oldest || minor > newest) return `is ${major}.${minor}`;
  return undefined;
}
