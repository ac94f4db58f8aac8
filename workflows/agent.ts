// An agent at work: the model is asked, the tools that it calls are called, until it answers.
import { CancellationScope, getExternalWorkflowHandle, isCancellation, workflowInfo } from '@temporalio/workflow';
import { z } from 'zod';
import { openInbox } from './agent/inbox.ts';
import { type AgentEnd, runAgent } from './agent/loop.ts';
import { agentSnapshot } from './agent/snapshot.ts';
import { conversation, ofMessages } from './prompt.ts';

const input = z
  .object({
    agent: agentSnapshot,
    messages: conversation.describe('What was said so far; the last is what the agent is to answer.'),
    session: z.string().optional().describe('Of the session that the run is a turn of; it is told the end.'),
    within: z.string().optional().describe('Of a sub-agent: its place in the run that called it.'),
  })
  .describe('Runs an agent: it answers, with its tools.');

type Input = z.infer<typeof input>;

export async function agent({ agent, messages, session, within }: Input): Promise<AgentEnd> {
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
agent.input = input;
agent.takesMessages = true;
agent.sessionIn = 'session';
agent.modifications = {
  ...ofMessages<Input>(),
  system_prompt: (given: Input, system_prompt: string) => ({ ...given, agent: { ...given.agent, system_prompt } }),
  model: (given: Input, model: string) => ({ ...given, agent: { ...given.agent, model } }),
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
