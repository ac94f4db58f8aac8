// Opens a support ticket. A demo: the ticket is a file in the outbox.
import { z } from 'zod';
import { leave } from './outbox.ts';
import { tool } from './tool.ts';

export const create_ticket = tool({
  name: 'create_ticket',
  description: 'Opens a support ticket. (Demo: it is written to the outbox folder, no ticket system is connected.)',
  input: z.strictObject({
    title: z.string(),
    description: z.string(),
    priority: z.enum(['low', 'normal', 'high']),
  }),
  effect: 'external',
  approval: 'never',
  async run(ticket, call) {
    const ticket_id = `T-${call.key.slice(0, 8).toUpperCase()}`;
    return { ticket_id, saved_as: await leave('ticket', { ticket_id, ...ticket }, call) };
  },
});
