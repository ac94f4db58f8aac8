// Says how far the agent is: shown in the run's progress.
import { z } from 'zod';
import { tool } from './tool.ts';

export const report_activity = tool({
  name: 'report_activity',
  description: 'Reports what is being done and how much of it is done.',
  input: z.strictObject({
    message: z.string().describe('What is being done, in a few words.'),
    percentage: z.number().describe('0 to 100.'),
  }),
  effect: 'none',
  approval: 'never',
  run: ({ message, percentage }) =>
    Promise.resolve({
      message: message.slice(0, 1000),
      percentage: Math.round(Math.min(Math.max(percentage, 0), 100)),
    }),
  tell: () => 'Status updated',
});
