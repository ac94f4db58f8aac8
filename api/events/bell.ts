// A bell: whoever waits for it wakes at the next ring, and one promise serves them all.

export interface Bell {
  ring(): void;
  /** Settles at the next ring after this call. */
  heard(): Promise<void>;
}

export function createBell(): Bell {
  let next = Promise.withResolvers<void>();
  return {
    ring() {
      next.resolve();
      next = Promise.withResolvers<void>();
    },
    heard: () => next.promise,
  };
}
