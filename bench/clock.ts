// The time that all processes of the benchmark share.

/** In ms, since nobody knows when: Linux's monotonic clock, the same in each process of a machine. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6;
