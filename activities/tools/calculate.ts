// Works arithmetic out.
import { z } from 'zod';
import { valueOf } from './arithmetic.ts';
import { tool } from './tool.ts';

export const calculate = tool({
  name: 'calculate',
  description:
    'Works out an arithmetic expression: + - * / % ^, parentheses, pi, e, and sqrt, abs, round, floor, ceil, ln, log, exp, ' +
    'sin, cos, tan, min, max.',
  input: z.strictObject({ expression: z.string().describe('As 2 * (3 + 4).') }),
  effect: 'none',
  approval: 'never',
  run: ({ expression }) => Promise.resolve(String(valueOf(expression))),
});
