// A run that tells its child two words, by its own handle and by one that anybody could have, and the child.
import {
  condition,
  defineSignal,
  getExternalWorkflowHandle,
  proxyActivities,
  setHandler,
  startChild,
  uuid4,
} from '@temporalio/workflow';
import type { SinkActivities } from './sink.ts';

const { work } = proxyActivities<SinkActivities>({ startToCloseTimeout: '60s' });

export const word = defineSignal<[string]>('word');

/** Waits for two words, and a moment for more. */
export async function hears(): Promise<string> {
  const heard: string[] = [];
  setHandler(word, (said) => void heard.push(said));
  await condition(() => heard.length >= 2);
  await condition(() => heard.length > 2, 300);
  return heard.toSorted().join();
}

export async function tells(): Promise<string> {
  const workflowId = uuid4();
  const child = await startChild(hears, { workflowId });
  await work('before');
  await Promise.all([getExternalWorkflowHandle(workflowId).signal(word, 'any'), child.signal(word, 'own')]);
  return `${await child.result()} ${await work('after')}`;
}
