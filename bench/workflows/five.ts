// Five steps that do nothing: what a run itself costs.
import { z } from 'zod';
import { step } from '../../workflows/runtime/step.ts';

interface Idle {
  idle(): Promise<void>;
}

export async function five() {
  for (let i = 1; i <= 5; i++) await step<Idle>(`idle_${i}`).idle();
  return 'done';
}
five.input = z.object({}).describe('Takes five steps that do nothing.');
