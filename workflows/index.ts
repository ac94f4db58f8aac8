// The catalogue: what can be started, one line each.
export { agent } from './agent.ts';
export { create_function } from './create-function.ts';
export { poem_flow } from './poem.ts';
export { rag } from './rag.ts';
export { run_function } from './run-function.ts';
export { simple } from './simple.ts';
