// The workflows' code as one bundle: built at start in development, beforehand (npm run bundle) for production.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundleOption } from '@temporalio/worker';
import { EnvironmentError } from './environment.ts';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Where `npm run bundle` writes it and production reads it. */
export const bundlePath = at('../dist/workflows.js');

/** @throws EnvironmentError naming the command, when the bundle that production wants was not made */
export async function workflowBundle(prebuilt: boolean): Promise<WorkflowBundleOption> {
  if (!prebuilt) return await bundle();
  if (existsSync(bundlePath)) return { codePath: bundlePath };
  throw new EnvironmentError(
    `NODE_ENV=production takes the workflows from ${bundlePath}, which is not there: npm run bundle`,
  );
}

/**
 * Bundles a catalogue with the runtime around it; without `workflowsPath`, the shipped one. About 3 s of CPU. It is evaluated
 * anew for each run but for what is preloaded. `interceptors`: paths of modules that stand between the runtime and the SDK.
 */
export function bundle(
  workflowsPath = at('../workflows/bundle.ts'),
  interceptors: string[] = [],
): Promise<{ code: string }> {
  return bundleWorkflowCode({
    workflowsPath,
    workflowInterceptorModules: [at('../workflows/runtime/interceptors.ts'), ...interceptors],
    preloadModules: [at('../workflows/runtime/preload.ts'), at('../workflows/preload.ts')],
    logger: new DefaultLogger('WARN'),
  });
}
