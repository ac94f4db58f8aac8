// Which of the packages that a function says it uses are there.
import type { Sandbox } from '../sandbox/sandbox.ts';

/** Names as pip compares them: https://packaging.python.org/en/latest/specifications/name-normalization/ */
const normal = (name: string): string => name.toLowerCase().replaceAll(/[-_.]+/g, '-');

/** Without version and extras: `pandas[html]>=2` is pandas. */
const bare = (requirement: string): string => /^\s*([\w.-]*)/.exec(requirement)?.[1] ?? '';

/** Python's own modules are no packages, but models name them. */
const modules = `import importlib.util
import pandas

def main_function(names):
    def missing(name):
        try:
            return not name.isidentifier() or importlib.util.find_spec(name) is None
        except Exception:
            return True

    return pandas.DataFrame({"name": [name for name in names if missing(name)]})
`;

/** Besides Python's own modules. */
export function availableIn(sandbox: Sandbox): string[] {
  const state = sandbox.state();
  return state.kind === 'ready' ? Object.keys(state.packages) : [];
}

/** As they were named. */
export async function missingPackages(sandbox: Sandbox, used: string[], signal: AbortSignal): Promise<string[]> {
  const there = new Set(availableIn(sandbox).map(normal));
  const unknown = used.filter((name) => !there.has(normal(bare(name))));
  if (unknown.length === 0) return [];
  const names = unknown.map((name) => bare(name).split('.')[0] ?? '');
  const outcome = await sandbox.run({ code: modules, inputs: { names: { type: 'json', value: names } } }, signal);
  if (outcome.kind !== 'result') return unknown;
  const missing = new Set(outcome.frame.values[0]);
  return unknown.filter((_, at) => missing.has(names[at] ?? ''));
}
