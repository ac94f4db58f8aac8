// The files that a short test run takes turns with: most start, kill or attack programs, for up to a minute.

/** Neighbours are alike in what they try: a run takes one of three that follow each other. */
const heavy = [
  'endings',
  'whole',
  'deaths',
  'agent-deaths',
  'crash',
  'fork-deaths',
  'sandbox-escape',
  'sandbox-bombs',
  'temporal-embedded',
  'temporal-setup',
  'fork-events',
  'api-fork-source',
  'absent',
  'threads',
  'releases',
  'events-outage',
  'agent-malformed',
  'sessions-history',
  'cli',
  'temporal-binary',
  'functions-run',
  'sandbox',
  'functions-create',
  'api-tasks',
  'events-life',
  'attempt',
  'fork-recorded',
  'api-fuzz',
  'events-continue',
  'agent-forks',
  'api-fork-gone',
  'deadlines',
  'doors/message-life',
  'doors/research-queue',
  'model-faults',
];

/** Paths of those that the run of this seed leaves out. */
export const leftOut = (seed: number): string[] =>
  heavy.filter((_, i) => i % 3 !== seed % 3).map((name) => `test/${name}.test.ts`);
