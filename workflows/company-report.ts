// A report on a company: brand, market and product side by side, then one analysis that sees all three.
import { z } from 'zod';
import { answerOf } from './agent/output.ts';
import { system, user } from './prompt.ts';
import { converse } from './runtime/conversation.ts';
import { step } from './runtime/step.ts';

const input = z.object({ company: z.string().min(1) }).describe('Writes a report on a company.');

const subjects = ['brand', 'market', 'product'] as const;
type Subject = (typeof subjects)[number];

const text = { type: 'string' };
const list = { type: 'array', items: text };
const properties = {
  company_name: text,
  executive_summary: text,
  strengths: list,
  weaknesses: list,
  opportunities: list,
  recommendation: text,
};
const output = {
  name: 'company_report',
  schema: { type: 'object', properties, required: Object.keys(properties), additionalProperties: false },
};

export async function company_report({ company }: z.infer<typeof input>) {
  const analyses = await Promise.all(subjects.map((subject) => analyse(company, subject)));
  const talk = converse(
    system('You write the final analysis of a company from the analyses that you are given.'),
    user(`Company: ${company}\n\n${together(analyses)}`),
  );
  return answerOf(talk, 'final_analysis', output);
}
company_report.input = input;

async function analyse(company: string, subject: Subject): Promise<{ subject: Subject; text: string }> {
  const asked = user(`Analyse the ${subject} of ${company}: what it is, what speaks for it, what speaks against it.`);
  const reply = await step(`${subject}_analysis`).callModel({
    messages: [system(`You analyse the ${subject} of companies.`), asked],
  });
  return { subject, text: reply.text };
}

const together = (analyses: { subject: Subject; text: string }[]): string =>
  analyses.map(({ subject, text }) => `## ${subject}\n\n${text}`).join('\n\n');
