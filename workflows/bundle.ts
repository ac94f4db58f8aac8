// What a worker's bundle has: the catalogue, and beside it what is no run.
export * from './index.ts';
export { session } from './session.ts';
