// The model that is measured against: the tests' fake server, in a process of its own, with the answers that are measured.
import { once } from 'node:events';
import { startOpenAI } from '../../test/openai.ts';
import { answers } from '../answers.ts';

const openai = await startOpenAI();
for (const script of Object.values(answers)) openai.script({ ...script, times: Infinity });
// The ledger of a test would grow here for nothing.
setInterval(() => void openai.ledger.splice(0), 1000).unref();
process.stdout.write(`${JSON.stringify({ url: openai.url })}\n`);
await once(process.stdin.resume(), 'end');
process.exit(0);
