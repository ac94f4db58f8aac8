// A seeded sample: `npm test` takes some, `npm run test:long` takes all. WAYMARK_SEED=n repeats a sample, which each test prints.

/** Numbers from 0 (inclusive) to 1, the same for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

export const seed = Number(process.env['WAYMARK_SEED'] ?? Date.now() % 1_000_000);

/** In their order; always with the first and the last. */
export function sampleOf<T>(all: T[], size: number): T[] {
  if (process.env['WAYMARK_LONG'] || all.length <= size) return all;
  const next = randomOf(seed);
  const chosen = new Set([0, all.length - 1]);
  while (chosen.size < size) chosen.add(Math.floor(next() * all.length));
  return all.filter((_, i) => chosen.has(i));
}

/** Of ways that each take long: all, or one that the seed chooses. */
export function oneOf<T>(all: readonly T[]): readonly T[] {
  return process.env['WAYMARK_LONG'] ? all : all.slice(seed % all.length).slice(0, 1);
}

const atOnce = 8;

/** All of a long run at once would wait for each other longer than any of them may take. */
export async function fewAtOnce<T, R>(all: readonly T[], take: (one: T) => Promise<R>): Promise<R[]> {
  const done: R[] = [];
  for (let i = 0; i < all.length; i += atOnce) done.push(...(await Promise.all(all.slice(i, i + atOnce).map(take))));
  return done;
}
