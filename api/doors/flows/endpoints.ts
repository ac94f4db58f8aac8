// Where flows are executed and read: what the routes are registered at, and what / tells of them.
import type { Catalogue } from '../../catalogue.ts';
import { flowName } from './name.ts';

export const executionsPath = '/api/v1/executions';
export const executePath = (kebab: string): string => `/api/v1/${kebab}/execute`;
export const executionPath = (kebab: string, id = '{id}'): string => `/api/v1/${kebab}/execution/${id}`;

export const flowEndpoints = (catalogue: Catalogue) => ({
  flows: Object.keys(catalogue).map((workflow) => {
    const { kebab, snake } = flowName(workflow);
    return { name: snake, execute: executePath(kebab), execution: executionPath(kebab) };
  }),
  executions: executionsPath,
});
