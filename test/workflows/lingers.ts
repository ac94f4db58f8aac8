// An agent whose end is held up until a person lets it go.
import { z } from 'zod';
import { openInbox } from '../../workflows/agent/inbox.ts';
import { runAgent } from '../../workflows/agent/loop.ts';
import { agentSnapshot } from '../../workflows/agent/snapshot.ts';
import { user } from '../../workflows/prompt.ts';
import { askPerson } from '../../workflows/runtime/person.ts';

const input = z.object({ agent: agentSnapshot, question: z.string() });

export async function lingers({ agent, question }: z.infer<typeof input>) {
  const ending = async () => void (await askPerson({ name: 'end', question: 'May it end?' }));
  return runAgent(agent, [user(question)], { inbox: openInbox('queue'), ending });
}
lingers.input = input;
