// What the sandbox is configured with.
import { z } from 'zod';
import type { Limits } from './sandbox.ts';

const count = (most: number, usual: number) => z.coerce.number<string>().int().min(1).max(most).default(usual);
export const usualIndex = 'https://pypi.org/simple';
const mebi = 1024 * 1024;

/** The environment keys of the sandbox. */
export const sandboxEnvironment = z.object({
  SANDBOX_OFF: z
    .enum(['0', '1', 'true', 'false'])
    .default('0')
    .transform((text) => text === '1' || text === 'true'),
  /** The interpreter; empty: the first fitting one on PATH. */
  SANDBOX_PYTHON: z.string().default(''),
  /** Where Python and its packages are prepared; empty: in WAYMARK_DATA. */
  SANDBOX_DIR: z.string().default(''),
  /** pip's own setting, read by pip itself, too. */
  PIP_INDEX_URL: z.string().default(usualIndex),
  /** Whom programs run as when the service is root. */
  SANDBOX_UID: count(65_533, 60_900),
  SANDBOX_AT_ONCE: count(1000, 4),
  /** Sandboxes that wait with pandas loaded. */
  SANDBOX_WARM: z.coerce.number<string>().int().min(0).max(100).default(1),
  SANDBOX_TIME_S: count(3600, 15),
  SANDBOX_CPU_S: count(3600, 15),
  SANDBOX_MEMORY_MB: count(1_000_000, 1024),
  SANDBOX_PROCESSES: count(10_000, 64),
  SANDBOX_OUTPUT_KB: count(100_000, 1024),
  SANDBOX_FILE_MB: count(100_000, 50),
  SANDBOX_DISK_MB: count(100_000, 100),
  SANDBOX_OPEN_FILES: count(10_000, 64),
  SANDBOX_RESULT_MB: count(500, 32),
});

export type SandboxEnvironment = z.infer<typeof sandboxEnvironment>;

export interface SandboxConfig {
  /** WAYMARK_DATA. */
  data: string;
  off?: boolean;
  /** A command or a path. */
  python?: string;
  directory?: string;
  /** Of packages: pip is fetched there for a Python that has none. */
  index?: string;
  uid?: number;
  atOnce?: number;
  warm?: number;
  limits?: Partial<Limits>;
  /** Told when a stage of the preparing begins or ends. */
  note?: (line: string) => void;
}

export const defaultLimits: Limits = {
  time_ms: 15_000,
  cpu_s: 15,
  memory: 1024 * mebi,
  processes: 64,
  output: mebi,
  file_size: 50 * mebi,
  disk: 100 * mebi,
  open_files: 64,
  result_size: 32 * mebi,
};

export const sandboxConfig = (environment: SandboxEnvironment, data: string): SandboxConfig => ({
  data,
  off: environment.SANDBOX_OFF,
  python: environment.SANDBOX_PYTHON,
  directory: environment.SANDBOX_DIR,
  index: environment.PIP_INDEX_URL,
  uid: environment.SANDBOX_UID,
  atOnce: environment.SANDBOX_AT_ONCE,
  warm: environment.SANDBOX_WARM,
  limits: {
    time_ms: environment.SANDBOX_TIME_S * 1000,
    cpu_s: environment.SANDBOX_CPU_S,
    memory: environment.SANDBOX_MEMORY_MB * mebi,
    processes: environment.SANDBOX_PROCESSES,
    output: environment.SANDBOX_OUTPUT_KB * 1024,
    file_size: environment.SANDBOX_FILE_MB * mebi,
    disk: environment.SANDBOX_DISK_MB * mebi,
    open_files: environment.SANDBOX_OPEN_FILES,
    result_size: environment.SANDBOX_RESULT_MB * mebi,
  },
});
