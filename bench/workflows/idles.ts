// As many steps that do nothing as are wanted: a run to fork and to restore.
import { z } from 'zod';
import { step } from '../../workflows/runtime/step.ts';

interface Idle {
  idle(): Promise<void>;
  /** Tells the benchmark that it has begun. */
  tell(): Promise<void>;
}

const input = z
  .object({
    steps: z.int().min(0),
    // A fork changes it: the code then takes the same way up to the checkpoint, and this step is its first new one.
    tell: z.boolean().default(false),
  })
  .describe('Takes so many steps that do nothing, and at will one more that tells when it begins.');

export async function idles({ steps, tell }: z.infer<typeof input>) {
  for (let i = 1; i <= steps; i++) await step<Idle>(`idle_${i}`).idle();
  if (tell) await step<Idle>('tell').tell();
  return 'done';
}
idles.input = input;
