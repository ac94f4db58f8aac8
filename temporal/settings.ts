// The server's settings that Waymark's speed and answers rest on, each with what is worse without it.

/** One key of Temporal's dynamic configuration; durations are texts as Go writes them ("10ms"). */
export interface Setting {
  key: string;
  value: number | boolean | string;
  /** What is slower or broken with the server's own default. */
  without: string;
}

/**
 * For the embedded server and for a cluster alike; dynamic-config.yaml holds the same values.
 * Temporal Cloud lets nobody set these: there, every `without` holds.
 */
export const settings: Setting[] = [
  {
    key: 'history.transferProcessorMaxPollRPS',
    value: 2000,
    without:
      'Each step waits up to 50 ms for its turn (20 reads a second): a 5-step run takes 550 ms instead of 45 ms.',
  },
  {
    key: 'system.enableActivityEagerExecution',
    value: true,
    without: 'A step of a worker that has just asked for it takes one more round trip through the matching service.',
  },
  {
    key: 'history.timerProcessorMaxTimeShift',
    value: '10ms',
    without: 'Timers, retries and time-outs fire on a grid of 1 s: a retry after 100 ms comes after up to 1.1 s.',
  },
  {
    key: 'history.timerProcessorMaxPollRPS',
    value: 200,
    without: 'Timers, retries and time-outs are read at most 20 times a second and bunch up under load.',
  },
  {
    key: 'history.workflowIdReuseMinimalInterval',
    value: '0s',
    without: 'A definition written twice within a second is refused.',
  },
  {
    key: 'matching.enableFairness',
    value: true,
    without: 'Priority and fairness keys are ignored: the runs of one owner can hold up those of all others.',
  },
  {
    key: 'matching.numTaskqueueReadPartitions',
    value: 1,
    without: 'Priorities hold within each of four partitions only, so a less urgent step can overtake.',
  },
  {
    key: 'matching.numTaskqueueWritePartitions',
    value: 1,
    without: 'As with the read partitions; the two must be equal.',
  },
  {
    key: 'matching.longPollExpirationInterval',
    value: '10s',
    without: 'A worker is seen once a minute only: `problem: no_worker` is told after up to 60 s more.',
  },
  {
    key: 'frontend.namespaceRPS.visibility',
    value: 500,
    without: 'Lists and counts are refused above 10 a second (100 on the dev server) and answer 503.',
  },
  {
    key: 'frontend.namespaceCount',
    value: 20_000,
    without:
      'More than 1,200 long polls at once (streams, results waited for) are refused; streams then read every 2 s.',
  },
];

/**
 * For the embedded server alone, which is one process on one machine: on a cluster these would read the database on
 * each call, or lift limits that protect it. The Temporal CLI sets the same; they are named so that a change there shows.
 */
export const embeddedSettings: Setting[] = [
  {
    key: 'system.forceSearchAttributesCacheRefreshOnRead',
    value: true,
    without: 'A search attribute just registered is unknown for up to a minute.',
  },
  {
    key: 'frontend.persistenceMaxQPS',
    value: 10_000,
    without: 'More than 2,000 database calls a second, which reading attributes anew makes likelier, are refused.',
  },
  {
    key: 'history.persistenceMaxQPS',
    value: 45_000,
    without: 'More than 9,000 database calls a second of the history service are refused.',
  },
];

/** SQLite, embedded only. A power cut may lose the last moments with NORMAL, a killed process nothing. */
export const pragmas = { journal_mode: 'WAL', synchronous: 'NORMAL' };

/** The server's garbage collector runs a quarter as often, for about twice the memory. */
export const environment = { GOGC: '400' };

/** How long an ended run stays readable. */
export const retentionDays = 90;
