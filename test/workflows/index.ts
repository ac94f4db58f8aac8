// What the tests' workers run: the shipped catalogue and the workflows made for tests.
export * from '../../workflows/bundle.ts';
export { asks } from './asks.ts';
export { counted } from './counted.ts';
export { five } from './five.ts';
export { large } from './large.ts';
export { lingers } from './lingers.ts';
export { raises } from './raises.ts';
export { chain, parent, watchful, wide } from './chains.ts';
export { sink, sinkChild } from './sink.ts';
export { six } from './six.ts';
export { crowds, givesUp, hasIdler, hasSpenders, hasTwins, loops, sitsThere } from './spends.ts';
export { spins } from './spins.ts';
export { talks } from './talks.ts';
export { hears, tells } from './words.ts';
export { begets, branches, drafts, stuck } from './ways.ts';
