// Builds the Temporal CLI, server included, from the Go module proxy with the versions that go.mod and go.sum pin.
import { spawn } from 'node:child_process';
import { rename, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { endingOf } from './ending.ts';
import type { Log } from './log.ts';
import { inspect, type Outcome, which } from './program.ts';
import { cliVersion } from './version.ts';

const modules = fileURLToPath(new URL('.', import.meta.url));
const packagePath = 'github.com/temporalio/cli/cmd/temporal';
/** That the CLI is made of, for the progress line. */
const packages = 1700;
const versionVariable = 'github.com/temporalio/cli/internal/temporalcli.Version';

/** Some 6 minutes of processor time, twice that on a busy machine; progress every 10 s. Called under the cache's lock. */
export async function build(target: string, path: string, log: Log): Promise<Outcome> {
  const go = await which('go', path);
  if (!go) return { kind: 'declined', why: 'no `go` on the PATH' };
  log.info(`Building the Temporal server ${cliVersion} from source. This happens once and takes a few minutes.`);
  const began = Date.now();
  const part = `${target}.${process.pid}.part`;
  const failure = await runGo(go, part, log);
  if (failure !== undefined) {
    await rm(part, { force: true });
    return { kind: 'declined', why: `${go} build failed:\n${failure}` };
  }
  await rename(part, target);
  log.info(`The Temporal server is built (${seconds(began)}) and kept as ${target}.`);
  return await inspect(target);
}

/** Undefined when it went well, else the last lines that it wrote. */
async function runGo(go: string, output: string, log: Log): Promise<string | undefined> {
  const flags = ['-v', '-trimpath', '-mod=readonly', '-ldflags', `-s -w -X ${versionVariable}=${cliVersion}`];
  const child = spawn(go, ['build', ...flags, '-o', output, packagePath], {
    cwd: modules,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '' },
  });
  const progress = startProgress(log);
  const last: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    progress.saw(line);
    last.push(line);
    last.splice(0, last.length - 8);
  });
  const { ok, how } = await endingOf(child);
  progress.stop();
  return ok ? undefined : [`  (${how})`, ...last].join('\n  ');
}

function startProgress(log: Log) {
  const began = Date.now();
  let fetched = 0;
  let compiled = 0;
  const timer = setInterval(
    () =>
      log.info(
        `Building Temporal: ${fetched} modules fetched, ${compiled} of about ${packages} packages compiled, ${seconds(began)}.`,
      ),
    10_000,
  );
  return {
    saw: (line: string) => {
      if (line.startsWith('go: downloading')) fetched++;
      else if (!line.startsWith('go: ')) compiled++;
    },
    stop: () => clearInterval(timer),
  };
}

const seconds = (began: number): string => `${Math.round((Date.now() - began) / 1000)} s`;
