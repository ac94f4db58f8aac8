// Everything that touches the world, by the name under which workflows call it. Adding one is one line here.
import type { StorageDriver } from '@temporalio/common';
import { type CheckedAnswer, type CheckRequest, createCheckFunction } from './functions/check.ts';
import type { CallOutcome, StoredFunction } from './functions/function.ts';
import { createLoadFunction, createSaveFunction, type Saved, type SaveRequest } from './functions/keep.ts';
import { createRunFunction, type RunRequest } from './functions/run.ts';
import type { FunctionStore } from './functions/store.ts';
import { createCallModel } from './model/call.ts';
import type { ModelConfig } from './model/config.ts';
import { createConversations } from './model/conversation.ts';
import type { ModelMeter } from './model/meter.ts';
import type { ModelReply, ModelRequest } from './model/model.ts';
import type { Page, PageRequest } from './page/page.ts';
import { createSavePoem } from './poem.ts';
import type { Frame, Sandbox } from './sandbox/sandbox.ts';
import { createLookBack } from './tools/again.ts';
import { type CallTool, createCallTool } from './tools/call.ts';
import type { Histories } from './tools/lineage.ts';
import { createMcp, type ListTools, type Mcp } from './tools/mcp/mcp.ts';

export interface Activities {
  callModel(request: ModelRequest): Promise<ModelReply>;
  fetchPage(request: PageRequest): Promise<Page>;
  /** Calls a tool of an agent. What it says, and what is wrong with the call, is an outcome for the model. */
  callTool: CallTool;
  /** Asks a server of MCP what tools it has. */
  listTools: ListTools;
  /** Writes `poems/<run id>.txt` under WAYMARK_DATA. */
  savePoem(poem: string): Promise<{ path: string }>;
  /** Reads a model's answer: the function in it, or why it is none. */
  checkFunction(request: CheckRequest): Promise<CheckedAnswer>;
  /** Calls a function in the sandbox. What its program does is an outcome, not a failure of the step. */
  runFunction(request: RunRequest, input1?: Frame | null): Promise<CallOutcome>;
  saveFunction(request: SaveRequest): Promise<Saved>;
  loadFunction(task_id: string): Promise<StoredFunction>;
}

export interface ActivityDeps {
  model: ModelConfig;
  /** Keeps conversations by content: temporal/converter.ts `blobs`. */
  blobs: StorageDriver;
  fetchPage: Activities['fetchPage'];
  sandbox: Sandbox;
  functions: FunctionStore;
  /** WAYMARK_DATA. */
  data: string;
  /** Tool servers; absent: none may be used. It is closed by whoever has made it. */
  mcp?: Mcp;
  /** Counts model calls. */
  meter?: ModelMeter;
  /** Where forks look for what was called before; absent: they do not. */
  histories?: Histories;
}

export const createActivities = ({
  model,
  blobs,
  fetchPage,
  sandbox,
  functions,
  data,
  mcp = createMcp(),
  histories,
  meter,
}: ActivityDeps): Activities => ({
  callModel: createCallModel(model, createConversations(blobs), meter),
  fetchPage,
  callTool: createCallTool({ fetchPage, sandbox, data, mcp, lookBack: createLookBack(histories) }),
  listTools: mcp.list,
  savePoem: createSavePoem(data),
  checkFunction: createCheckFunction(sandbox),
  runFunction: createRunFunction(sandbox),
  saveFunction: createSaveFunction(functions),
  loadFunction: createLoadFunction(functions),
});
