// Workflows of the tests of temporal/.
import { proxyActivities } from '@temporalio/workflow';

const { echo } = proxyActivities<{ echo(value: string): Promise<string> }>({ startToCloseTimeout: '1 minute' });

/** Passes its input through a step and gives it back. */
export async function roundTrip(value: string): Promise<string> {
  return await echo(value);
}
