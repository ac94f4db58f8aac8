// The journal that a timeline began with: what it was served of another one's history, told as if it had just happened.
import { z } from 'zod';
import type { Command, Job, Json } from '../../../activities/journal/batch.ts';
import type { Fact, Happening } from '../happening.ts';
import type { Open } from '../payload.ts';
import { asAnswer } from '../shape.ts';
import { account, kinds } from './opening.ts';
import { factOfCommand, factOfJob, type Served } from './served.ts';

/** Checked as far as it is relied on: anybody may have written an activity's result. */
const batch: z.ZodType<Served> = z.object({
  at: z.object({ run: z.string(), timeline: z.string() }),
  event: z.number(),
  time: z.number(),
  jobs: z.array(
    z.object({
      kind: z.custom<Job['kind']>((kind) => typeof kind === 'string'),
      event: z.number(),
      of: z.number().optional(),
      told: z.custom<Job['told']>((told) => typeof told === 'object' && told !== null),
      edited: z.literal(true).optional(),
    }),
  ),
  commands: z.array(
    z.object({
      kind: z.custom<Command['kind']>((kind) => typeof kind === 'string'),
      event: z.number(),
      name: z.string().optional(),
      child: z.string().optional(),
      step: z.object({ id: z.string(), name: z.string().optional(), input: z.custom<Json>().optional() }).optional(),
    }),
  ),
  splice: z.object({ kind: kinds, account: account.optional() }).optional(),
  open: z.object({}).optional(),
});
const page = z.object({ batches: z.array(batch), next: z.number().optional() });

export interface Journal {
  /** What the page in this event's result tells, in order; `last`: no other page comes. Undefined: it is no page. */
  take(value: unknown, event: number): Promise<{ happenings: Happening[]; last: boolean } | undefined>;
}

interface Told {
  event: number;
  edited: boolean;
  fact: Fact;
}

/** One for all pages of a timeline. */
export function createJournal(open: Open): Journal {
  /** Names of children, by the command that started them. */
  const children = new Map<string, Command>();
  const answered = new Set<string>();
  let shown = 0;
  /** From the first edited result on, the origins have it otherwise. */
  let isEdited = false;

  /** What was asked of a person stands in no journal; which answers were taken is known by what the run showed then. */
  const isTaken = (answer: unknown, { commands, open }: Served): boolean => {
    const id = asAnswer(answer)?.waiting_id;
    const isShown =
      commands.some(({ kind }) => kind === 'modifyWorkflowProperties') || (open !== undefined && shown > 0);
    if (id === undefined || answered.has(id) || !isShown) return false;
    answered.add(id);
    return true;
  };

  const factsOf = async (batch: Served): Promise<Told[]> => {
    const { at, jobs, commands, splice } = batch;
    for (const command of commands)
      if (command.child !== undefined) children.set(`${at.timeline}/${command.event}`, command);
    const told = jobs
      .toSorted((a, b) => a.event - b.event)
      .map((job) => ({ job, edited: (isEdited ||= job.edited === true) }));
    const edited = isEdited;
    const child = (of: number) => children.get(`${at.timeline}/${of}`);
    const facts = await Promise.all([
      ...told.map(async ({ job, edited }) => ({ event: job.event, edited, fact: await factOfJob(job, child, open) })),
      ...commands.map(async (command) => ({ event: command.event, edited, fact: await factOfCommand(command, open) })),
    ]);
    const counted = facts.filter(({ fact }) => fact?.kind !== 'wait_answered' || isTaken(fact.answer, batch));
    shown += commands.filter(({ kind }) => kind === 'modifyWorkflowProperties').length;
    const reach = Math.max(batch.event, ...jobs.map(({ event }) => event), ...commands.map(({ event }) => event));
    const begun: Fact[] = splice ? [{ kind: 'spliced', how: splice.kind, account: splice.account }] : [];
    return [
      ...[{ kind: 'served' } as const, ...begun].map((fact) => ({ event: reach, edited, fact })),
      ...counted.flatMap(({ fact, ...where }) => (fact ? [{ ...where, fact }] : [])),
    ];
  };

  return {
    async take(value, id) {
      const read = page.safeParse(value).data;
      if (!read) return undefined;
      const happenings: Happening[] = [];
      for (const batch of read.batches) {
        const at = timeOf(batch);
        for (const { event, edited, fact } of await factsOf(batch))
          happenings.push({ id, at, origin: { ...batch.at, event, ...(edited && { edited }) }, ...fact });
      }
      return { happenings, last: read.next === undefined };
    },
  };
}

/** A time that no Date can hold is none of ours. */
function timeOf({ time }: Served): string {
  const date = new Date(time);
  return (Number.isNaN(date.getTime()) ? new Date(0) : date).toISOString();
}
