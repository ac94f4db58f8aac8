// Research on a company: an agent that reports how far it is, and wraps up when its turns are used up.
import { ApplicationFailure } from '@temporalio/workflow';
import { z } from 'zod';
import { openInbox } from './agent/inbox.ts';
import { runAgent } from './agent/loop.ts';
import { type AgentSnapshot, defaultConfig } from './agent/snapshot.ts';
import { user } from './prompt.ts';

const input = z
  .object({
    company: z.string().min(1),
    focus_areas: z.array(z.string()).default([]).describe('None: general info.'),
    max_turns: z.int().min(1).max(100).default(15).describe('Model calls, before the agent is told to wrap up.'),
    recovery: z.boolean().default(true).describe('False: it fails when its turns are used up.'),
  })
  .describe('Researches a company.');

type Input = z.infer<typeof input>;

export async function research_company(given: Input) {
  const { company } = given;
  const end = await runAgent(researcher(given), [user(`Research ${company}`)], { inbox: openInbox('queue') });
  if (end.termination_reason === 'answered') return { company, findings: end.response };
  throw ApplicationFailure.nonRetryable(
    `The agent had no findings after ${end.turns} turns. Start it again with more of them (max_turns).`,
    'MaxTurns',
  );
}
research_company.input = input;

function researcher({ company, focus_areas, max_turns, recovery }: Input): AgentSnapshot {
  return {
    name: 'Research Agent',
    description: '',
    model: 'gpt-4o',
    system_prompt:
      `Research ${company}. Focus on: ${focus_areas.join(', ') || 'general info'}\n\n` +
      'Report with report_activity what you are doing and how much of it is done (0 to 100): when you begin, and at each step. ' +
      'At the end answer with your findings.',
    tools: ['report_activity'],
    agents: [],
    mcp_servers: [],
    output_schema: null,
    config: agentConfigWith(max_turns, recovery),
  };
}

/** All else as by default. */
function agentConfigWith(max_steps: number, recovers: boolean): AgentSnapshot['config'] {
  const recovery = { max_turns: 5, message: 'Please summarize your findings.' };
  return { ...defaultConfig(), max_steps, recovery: recovers ? recovery : null };
}
