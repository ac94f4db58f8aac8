// An agent at work: the model is asked, the tools that it calls are called, until it answers.
import { CancellationScope, getExternalWorkflowHandle, isCancellation, workflowInfo } from '@temporalio/workflow';
import { openInbox } from './agent/inbox.ts';
import { type AgentInput, agentInput } from './agent/input.ts';
import { type AgentEnd, runAgent } from './agent/loop.ts';
import { ofMessages } from './prompt.ts';

export async function agent({ agent, messages, session, within }: AgentInput): Promise<AgentEnd> {
  const inbox = openInbox(agent.config.double_texting);
  let isTold = false;
  const tellSession = async (status: Ended['status']) => {
    if (session === undefined || isTold) return;
    isTold = true;
    await tell(session, { status });
  };
  try {
    return await runAgent(agent, messages, { inbox, within, ending: () => tellSession('completed') });
  } catch (error) {
    await tellSession(isCancellation(error) ? 'cancelled' : 'failed');
    throw error;
  }
}
agent.input = agentInput;
agent.takesMessages = true;
agent.sessionIn = 'session';
agent.modifications = {
  ...ofMessages<AgentInput>(),
  system_prompt: (given: AgentInput, system_prompt: string) => ({ ...given, agent: { ...given.agent, system_prompt } }),
  model: (given: AgentInput, model: string) => ({ ...given, agent: { ...given.agent, model } }),
};

/** What was answered the session reads from the run itself. */
interface Ended {
  status: 'completed' | 'failed' | 'cancelled';
}

/** A session that is gone misses nothing. */
async function tell(session: string, ended: Ended): Promise<void> {
  const told = { run_id: workflowInfo().workflowId, ...ended };
  try {
    await CancellationScope.nonCancellable(() => getExternalWorkflowHandle(session).signal('ended', told));
  } catch {
    // It notices by itself when one of its runs never tells its end.
  }
}
