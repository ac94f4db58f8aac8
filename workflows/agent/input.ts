// What a run of an agent takes.
import { z } from 'zod';
import { conversation } from '../prompt.ts';
import { agentSnapshot } from './snapshot.ts';

export const agentInput = z
  .object({
    agent: agentSnapshot,
    messages: conversation.describe('What was said so far; the last is what the agent is to answer.'),
    session: z.string().optional().describe('Of the session that the run is a turn of; it is told the end.'),
    within: z.string().optional().describe('Of a sub-agent: its place in the run that called it.'),
  })
  .describe('Runs an agent: it answers, with its tools.');

export type AgentInput = z.infer<typeof agentInput>;
