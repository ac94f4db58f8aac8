// Everything that touches the world, by the name under which workflows call it. Adding one is one line here.
import type { StorageDriver } from '@temporalio/common';
import { createCallModel } from './model/call.ts';
import type { ModelConfig } from './model/config.ts';
import { createConversations } from './model/conversation.ts';
import type { ModelReply, ModelRequest } from './model/model.ts';
import type { Page, PageRequest } from './page/page.ts';
import { createSavePoem } from './poem.ts';

export interface Activities {
  callModel(request: ModelRequest): Promise<ModelReply>;
  fetchPage(request: PageRequest): Promise<Page>;
  /** Writes `poems/<run id>.txt` under WAYMARK_DATA. */
  savePoem(poem: string): Promise<{ path: string }>;
}

export interface ActivityDeps {
  model: ModelConfig;
  /** Keeps conversations by content: temporal/converter.ts `blobs`. */
  blobs: StorageDriver;
  fetchPage: Activities['fetchPage'];
  /** WAYMARK_DATA. */
  data: string;
}

export const createActivities = ({ model, blobs, fetchPage, data }: ActivityDeps): Activities => ({
  callModel: createCallModel(model, createConversations(blobs)),
  fetchPage,
  savePoem: createSavePoem(data),
});
