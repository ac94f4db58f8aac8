// What must have been shown in a test file before anything in it that destroys is let into the sandbox.
import type { Sandbox } from '../activities/sandbox/sandbox.ts';
import { runCode } from './sandbox-stage.ts';

/** Harmless wherever it runs: signal 0 only asks, and limits are only read. */
const look = `import os, resource
import pandas as pd
def main_function():
    def there(pid):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        return True
    kinds = [resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE]
    return pd.DataFrame({
        'pid': [os.getpid()], 'parent': [os.getppid()], 'user': [os.getuid()], 'proc': [os.path.exists('/proc/1')],
        'others': [sum(there(pid) for pid in range(1, 40_000)) - 2],
        'unlimited': [sum(resource.getrlimit(kind)[1] == resource.RLIM_INFINITY for kind in kinds)],
    })`;

const expected = '[[2],[1],[1000],[false],[0],[0]]';

/** @throws when programs see anything but themselves and process 1, or are without limits */
export async function showBoundary(sandbox: Sandbox): Promise<void> {
  const outcome = await runCode(sandbox, look);
  const seen = outcome.kind === 'result' ? JSON.stringify(outcome.frame.values) : JSON.stringify(outcome);
  if (seen !== expected) throw new Error(`The boundary does not stand, nothing that destroys is run: ${seen}`);
}
