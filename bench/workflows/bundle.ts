// The code that the measured worker gets: its catalogue, and what is started by nobody's name beside it.
export * from '../../workflows/bundle.ts';
export * from './index.ts';
