// The catalogue: what can be started, one line each.
export { poem_flow } from './poem.ts';
export { rag } from './rag.ts';
export { simple } from './simple.ts';
