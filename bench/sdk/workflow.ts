// The five steps as somebody writes them who has Temporal's SDK and nothing else.
import { proxyActivities } from '@temporalio/workflow';

interface Idle {
  idle(): Promise<void>;
}

const { idle } = proxyActivities<Idle>({ startToCloseTimeout: '1 minute' });

export async function five() {
  for (let i = 1; i <= 5; i++) await idle();
  return 'done';
}
