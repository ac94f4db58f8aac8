// Histories as steps read them: to look for what was done before.
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { createHistoryReader } from '../activities/journal/reader.ts';
import type { Histories } from '../activities/tools/lineage.ts';
import { openHistory } from '../temporal/payloads.ts';

export const historiesOf = (client: Client, dataConverter: DataConverter): Histories => ({
  read: createHistoryReader(client, openHistory(dataConverter)),
  async newest(run) {
    try {
      return (await client.workflow.getHandle(run).describe()).runId;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
  },
});
