// Five steps that do nothing: what the runtime itself costs.
import { step } from '../../workflows/runtime/step.ts';

interface Idle {
  idle(): Promise<void>;
}

export async function five() {
  for (let i = 1; i <= 5; i++) await step<Idle>(`idle_${i}`).idle();
  return 'done';
}
