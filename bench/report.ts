// How the figures are shown: a table for people.
import type { Machine } from './machine.ts';
import type { Alone } from './measures/alone.ts';
import type { Chat } from './measures/chat.ts';
import type { FirstToken } from './measures/first-token.ts';
import type { Fork } from './measures/fork.ts';
import type { Functions } from './measures/functions.ts';
import type { History } from './measures/history.ts';
import type { Restore } from './measures/restore.ts';
import type { Streaming } from './measures/streaming.ts';
import type { Throughput } from './measures/throughput.ts';
import { rounded } from './statistics.ts';

/** All of them, or those that were asked for. */
export interface Figures {
  throughput?: Throughput;
  alone?: Alone;
  first_token?: FirstToken;
  chat?: Chat;
  streaming?: Streaming;
  functions?: Functions;
  /** By the number of steps of their source. */
  fork?: Fork[];
  restore?: Restore[];
  history?: History[];
  /** Requests asked again after a 503: more than none, and the machine was too busy for the rest to mean much. */
  refused: number;
}

/** `format` grows when a figure changes its meaning: lines of different formats do not compare. */
export const asLine = (machine: Machine, figures: Figures): string =>
  JSON.stringify({ format: 2, machine, figures }, (_, value: unknown) =>
    typeof value === 'number' && !Number.isInteger(value) ? rounded(value) : value,
  );

type Row = [what: string, ours: string, floor: string, ratio: string];

export function asTable({ cpu, cores, node, date, commit, load_before }: Machine, figures: Figures): string {
  const rows = [['', 'Waymark', 'floor', 'ratio'] satisfies Row, ...rowsOf(figures)];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) => row.map((cell, i) => (i ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))));
  const where = `${cpu}, ${cores} cores, Node ${node}, ${date.slice(0, 10)}, commit ${commit ?? 'none'}, load before ${load_before}`;
  return [where, '', ...lines.map((cells) => cells.join('  '))].join('\n');
}

function rowsOf(figures: Figures): Row[] {
  const { throughput, alone, first_token, chat, streaming, functions, refused } = figures;
  const { fork = [], restore = [], history = [] } = figures;
  return [
    ...(alone ? ofAlone(alone) : []),
    ...(first_token ? ofFirstToken(first_token) : []),
    ...(chat ? ofChat(chat) : []),
    ...(throughput ? ofThroughput(throughput) : []),
    ...(streaming ? ofStreaming(streaming) : []),
    ...(functions ? ofFunctions(functions) : []),
    ...fork.flatMap(ofFork),
    ...restore.flatMap(ofRestore),
    ...history.flatMap(ofHistory),
    ...(refused > 0 ? [only('requests asked again after a 503 (too busy)', refused, '')] : []),
  ];
}

const row = (what: string, ours: number, floor: number, unit: string, ratio: number): Row => [
  what,
  `${rounded(ours)} ${unit}`,
  `${rounded(floor)} ${unit}`,
  `${rounded(ratio)}`,
];

const only = (what: string, ours: number, unit: string): Row => [what, `${rounded(ours)} ${unit}`, '', ''];

const ofAlone = (figures: Alone): Row[] => [
  row('5 empty steps, one run alone, median', figures.median_ms, figures.floor_median_ms, 'ms', figures.ratio),
  only('  95 of 100 within', figures.p95_ms, 'ms'),
  only('  fastest', figures.min_ms, 'ms'),
  only('  the run itself, median', figures.run_median_ms, 'ms'),
  row("  beside Temporal's SDK alone", figures.median_ms, figures.sdk_median_ms, 'ms', figures.sdk_ratio),
  row('    the fastest of each', figures.min_ms, figures.sdk_min_ms, 'ms', figures.min_ms / figures.sdk_min_ms),
];

const ofFirstToken = ({ median_ms, floor_median_ms, over_ms, over_min_ms, ratio }: FirstToken): Row[] => [
  row('first token, median', median_ms, floor_median_ms, 'ms', ratio),
  only("  over the model's own", over_ms, 'ms'),
  only("  fastest over the model's own fastest", over_min_ms, 'ms'),
];

const ofChat = (figures: Chat): Row[] => {
  const { alone_ms, session_ms, floor_ms } = figures;
  return [
    row('chat, first token, median', alone_ms, floor_ms, 'ms', alone_ms / floor_ms),
    only("  over the model's own", figures.alone_over_ms, 'ms'),
    only("  fastest over the model's own fastest", figures.alone_over_min_ms, 'ms'),
    row('  in a session, median', session_ms, floor_ms, 'ms', session_ms / floor_ms),
    only("    over the model's own", figures.session_over_ms, 'ms'),
    only("    fastest over the model's own fastest", figures.session_over_min_ms, 'ms'),
    only('  turns of one session', figures.turns_per_s, '/s'),
    only(`  turns of ${figures.sessions} sessions at once`, figures.turns_per_s_of_all, '/s'),
  ];
};

const ofThroughput = (figures: Throughput): Row[] => [
  row('5 empty steps, 20 runs at once', figures.runs_per_s, figures.floor_per_s, '/s', figures.ratio),
  row(
    '  CPU of one run',
    figures.service_cpu_ms + figures.temporal_cpu_ms,
    figures.floor_cpu_ms,
    'ms',
    figures.cpu_ratio,
  ),
  only('    of it the service', figures.service_cpu_ms, 'ms'),
  only('    of it Temporal', figures.temporal_cpu_ms, 'ms'),
];

const ofStreaming = (figures: Streaming): Row[] => [
  row(
    `${figures.streams} streams, ${rounded(figures.tokens_per_s)} tokens/s: CPU`,
    figures.service_cores + figures.temporal_cores,
    figures.floor_cores,
    'cores',
    figures.ratio,
  ),
  only('    of it the service', figures.service_cores, 'cores'),
  only('    of it Temporal', figures.temporal_cores, 'cores'),
  row('  until the last token', figures.seconds, figures.floor_seconds, 's', figures.seconds / figures.floor_seconds),
];

const ofFunctions = (figures: Functions): Row[] => {
  const { empty_ms, empty_floor_ms, frame_ms, frame_floor_ms, runs_per_s, floor_per_s } = figures;
  return [
    row('an empty function, median', empty_ms, empty_floor_ms, 'ms', empty_ms / empty_floor_ms),
    only('  fastest', figures.empty_min_ms, 'ms'),
    row(`${figures.rows} rows there and back, median`, frame_ms, frame_floor_ms, 'ms', frame_ms / frame_floor_ms),
    only('  fastest', figures.frame_min_ms, 'ms'),
    row(`empty functions, ${figures.at_once} at once`, runs_per_s, floor_per_s, '/s', floor_per_s / runs_per_s),
    only('a start of the sandbox, its folder found, median', figures.start_ms, 'ms'),
    only('  the first program after it', figures.first_ms, 'ms'),
  ];
};

const ofFork = ({ steps, cold_ms, warm_ms, floor_ms, ratio }: Fork): Row[] => [
  row(`fork at step ${steps}, to its first new step, median`, cold_ms, floor_ms, 'ms', ratio),
  only('  once more at the same checkpoint', warm_ms, 'ms'),
];

const ofRestore = ({ steps, first_ms, cold_ms, warm_ms, floor_ms, ratio }: Restore): Row[] => [
  row(`restore in place at step ${steps}, to its first new step, median`, cold_ms, floor_ms, 'ms', ratio),
  only('  once more to the same checkpoint', warm_ms, 'ms'),
  only('  the very first of the run', first_ms, 'ms'),
];

const ofHistory = ({ steps, timelines, ...bytes }: History): Row[] => [
  only(`history of ${steps} steps (timelines: ${timelines}), for each step`, bytes.per_step, 'bytes'),
  only('  stored beside it', bytes.stored_per_step, 'bytes'),
  only(`  of a fork, for each of ${bytes.fork_steps} steps served`, bytes.fork_per_step, 'bytes'),
  only('  stored beside it', bytes.fork_stored_per_step, 'bytes'),
];
