// Runs on without end, in its code or in what it waits for.
import { condition } from '@temporalio/workflow';

export async function spins(where: 'code' | 'condition') {
  if (where === 'code') spin();
  await condition(spin);
}

function spin(): boolean {
  while (Date.now() > 0);
  return true;
}
