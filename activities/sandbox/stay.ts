// One program's stay in a box: fed, watched, ended at its limits; and what was seen of it.
import { setTimeout as sleep } from 'node:timers/promises';
import { type ProgramEnd, readEnd } from './answer.ts';
import type { Box } from './box.ts';
import { heldUnder } from './family.ts';
import type { LimitName, Limits } from './sandbox.ts';
import type { FrameKind } from './wire.ts';

export interface Stay {
  /** The limit at which it was ended. */
  stopped: LimitName | undefined;
  /** Undefined: the whole sandbox ended before it. */
  end: ProgramEnd | undefined;
  answer: Buffer;
  stdout: string;
  stderr: string;
  duration_ms: number;
  peak_bytes: number;
}

const watchMs = 100;

/** Resolves when nothing of it is left. @throws the signal's reason, then too */
export async function stayIn(box: Box, task: unknown, limits: Limits, signal: AbortSignal): Promise<Stay> {
  const heard = createHearing(limits, (limit) => stop(limit));
  let stopped: LimitName | undefined;
  let closed = false;
  const stop = (limit?: LimitName) => {
    // What has ended by itself in this moment is not over a limit.
    if (heard.end() !== undefined) return;
    stopped ??= limit;
    box.kill();
  };
  const leave = () => stop();
  const began = performance.now();
  const timer = setTimeout(() => stop('time'), limits.time_ms);
  signal.addEventListener('abort', leave);
  if (signal.aborted) box.kill();
  else box.hand(resourceLimits(box, limits), task, (kind, payload) => heard.take(kind, payload));
  const memory = watchMemory(box, limits.memory, { isOver: () => closed, stop: () => stop('memory') });
  await box.closed;
  const duration_ms = Math.round(performance.now() - began);
  closed = true;
  clearTimeout(timer);
  signal.removeEventListener('abort', leave);
  if (heard.end() === undefined) signal.throwIfAborted();
  const peak_bytes = Math.max(memory.peak(), heard.end()?.peak_bytes ?? 0);
  return { stopped, end: heard.end(), ...heard.all(), duration_ms, peak_bytes };
}

/** What comes back, each kind up to its limit. */
function createHearing(limits: Limits, over: (limit: LimitName) => void) {
  const parts: Record<'O' | 'E' | 'R', Buffer[]> = { O: [], E: [], R: [] };
  const sizes = { output: 0, result_size: 0 };
  let end: ProgramEnd | undefined;
  const join = (kind: 'O' | 'E' | 'R') => Buffer.concat(parts[kind]);
  return {
    take(kind: FrameKind, payload: Buffer): void {
      if (kind === 'X') end ??= readEnd(payload);
      if (kind === 'X' || kind === 'W') return;
      const limit = kind === 'R' ? 'result_size' : 'output';
      const room = limits[limit] - sizes[limit];
      if (room > 0) parts[kind].push(payload.subarray(0, room));
      sizes[limit] += payload.length;
      if (sizes[limit] > limits[limit]) over(limit);
    },
    end: () => end,
    all: () => ({ answer: join('R'), stdout: join('O').toString(), stderr: join('E').toString() }),
  };
}

/** By the names of setrlimit(2). */
const resourceLimits = ({ empty }: Box, limits: Limits): Record<string, number> => ({
  AS: empty.size + limits.memory,
  CPU: limits.cpu_s,
  // Process 1 counts.
  NPROC: limits.processes + 1,
  FSIZE: limits.file_size,
  NOFILE: limits.open_files,
  CORE: 0,
  MEMLOCK: 0,
  MSGQUEUE: 0,
});

/** The kernel limits each process; this is about all of them together. */
function watchMemory(box: Box, limit: number, { isOver, stop }: { isOver: () => boolean; stop: () => void }) {
  const allowed = limit + box.empty.resident;
  let peak = 0;
  const watch = async () => {
    for (;;) {
      await sleep(watchMs, undefined, { ref: false });
      if (isOver()) return;
      const held = await heldUnder(box.pid, allowed);
      peak = Math.max(peak, held);
      if (held > allowed) return stop();
    }
  };
  watch().catch(stop);
  return { peak: () => peak };
}
