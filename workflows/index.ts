// The catalogue: what can be started, one line each.
export { agent } from './agent.ts';
export { company_report } from './company-report.ts';
export { create_function } from './create-function.ts';
export { poem_flow } from './poem.ts';
export { rag } from './rag.ts';
export { research_company } from './research-company.ts';
export { run_function } from './run-function.ts';
export { simple } from './simple.ts';
