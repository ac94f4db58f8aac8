// npm run bench: measures the service against plain Node and prints a table and one JSON line; with --json, the line alone.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Bench, openBench } from './bench.ts';
import { measureForking } from './forking.ts';
import { describeMachine } from './machine.ts';
import { measureAlone } from './measures/alone.ts';
import { measureChat } from './measures/chat.ts';
import { measureFirstToken } from './measures/first-token.ts';
import { measureFunctions } from './measures/functions.ts';
import { measureStreaming } from './measures/streaming.ts';
import { measureThroughput } from './measures/throughput.ts';
import { asLine, asTable, type Figures } from './report.ts';
import { refused } from './requests.ts';

/** Whoever waits longer waits in vain: the service hangs, or the machine is too busy for figures. */
const longestMs = { usual: 180_000, long: 1_500_000 };

const say = (line: string) => void process.stderr.write(`${line}\n`);

interface Choice {
  /** None: all. */
  chosen: string[];
  long: boolean;
}

/** Fills `figures` one by one: what is there stays when the time is up. */
async function measure(bench: Bench, { chosen, long }: Choice, figures: Figures): Promise<'all'> {
  const wanted = (name: keyof Figures) => chosen.length === 0 || chosen.includes(name);
  if (wanted('alone')) {
    say('One run of five empty steps alone …');
    figures.alone = await measureAlone(bench);
  }
  if (wanted('first_token')) {
    say('The first token …');
    figures.first_token = await measureFirstToken(bench);
  }
  if (wanted('chat')) {
    say('Chats …');
    figures.chat = await measureChat(bench);
  }
  if (wanted('throughput')) {
    say('Runs of five empty steps, 20 at once …');
    figures.throughput = await measureThroughput(bench);
  }
  if (wanted('streaming')) {
    say('100 streams at once …');
    figures.streaming = await measureStreaming(bench);
  }
  // By name alone: most of its time it waits for sandboxes, and not each machine has one.
  if (chosen.includes('functions')) {
    say('Functions …');
    figures.functions = await measureFunctions(bench);
  }
  await measureForking(bench, { wanted, named: chosen.length > 0, long, say }, figures);
  return 'all';
}

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false }, long: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const withinMs = values.long ? longestMs.long : longestMs.usual;
const { PATH, HOME, XDG_CACHE_HOME, TMPDIR, NODE_OPTIONS } = process.env;
const given = Object.entries({ PATH, HOME, XDG_CACHE_HOME, TMPDIR, NODE_OPTIONS });
const machine = await describeMachine();
say('Starting the service, the floor and the model …');
const inherited = Object.fromEntries(given.filter(([, value]) => value !== undefined));
const bench = await openBench(inherited, {
  python: positionals.includes('functions'),
  sdk: positionals.length === 0 || positionals.includes('alone'),
});
const figures: Figures = { refused: 0 };
const measuring = measure(bench, { chosen: positionals, long: values.long }, figures);
// What is still measured when the time is up breaks with its processes, and is nobody's concern any more.
measuring.catch(() => {});
try {
  const measured = await Promise.race([measuring, sleep(withinMs, 'some' as const, { ref: false })]);
  figures.refused = refused.times;
  if (!values.json) process.stdout.write(`\n${asTable(machine, figures)}\n\n`);
  process.stdout.write(`${asLine(machine, figures)}\n`);
  if (measured === 'some') {
    say(`Not all was measured within ${withinMs / 1000} s: is the machine busy?`);
    process.exitCode = 1;
  }
} finally {
  await bench.close();
}
