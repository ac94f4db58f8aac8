// The history that a journal is made from.
import type { Client } from '@temporalio/client';

type Answer = Awaited<ReturnType<Client['workflowService']['getWorkflowExecutionHistory']>>;
export type HistoryEvent = NonNullable<NonNullable<Answer['history']>['events']>[number];

/** Attributes of an event, by the name of the field that holds them. */
export type Attributes<K extends keyof HistoryEvent> = NonNullable<HistoryEvent[K]>;

export const timeOf = (event: HistoryEvent): number => {
  const { seconds = 0, nanos = 0 } = event.eventTime ?? {};
  return Number(seconds) * 1000 + Math.floor((nanos ?? 0) / 1e6);
};
