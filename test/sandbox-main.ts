// A sandbox in a process of its own, to be killed or run as another user: says how it is, and what a program gave, as JSON.
import { createSandbox } from '../activities/sandbox/create.ts';

const [data = '', python = ''] = process.argv.slice(2);
const note = (line: string) => process.stderr.write(`${line}\n`);
const sandbox = createSandbox({ data, python, note });
const state = await sandbox.prepared();
const code = 'import pandas as pd, os\ndef main_function(): return pd.DataFrame({"user": [os.getuid()]})';
const outcome = state.kind === 'ready' && (await sandbox.run({ code, inputs: {} }, new AbortController().signal));
process.stdout.write(JSON.stringify({ state, outcome }));
await sandbox.close();
