// What the measured service runs: the shipped catalogue and the workflows made for measuring.
export * from '../../workflows/index.ts';
export { five } from './five.ts';
export { idles } from './idles.ts';
