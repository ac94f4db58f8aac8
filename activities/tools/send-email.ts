// Sends an email, once a person has said yes. A demo: the email is a file in the outbox.
import { z } from 'zod';
import { leave } from './outbox.ts';
import { tool } from './tool.ts';

export const send_email = tool({
  name: 'send_email',
  description: 'Sends an email, after a person has approved it. (Demo: it is written to the outbox folder, not sent.)',
  input: z.strictObject({ to: z.string(), subject: z.string(), body: z.string() }),
  effect: 'external',
  approval: 'always',
  run: async (email, call) => ({ sent_to: email.to, saved_as: await leave('email', email, call) }),
});
