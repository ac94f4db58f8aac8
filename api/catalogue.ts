// The workflows that can be started, as the API shows them.
import { z } from 'zod';
import type { Modifications } from '../workflows/prompt.ts';

/** One workflow of the catalogue: anything that carries its zod input. */
export interface Entry {
  input: z.ZodType;
  /** One sentence; absent: the description of the input. */
  description?: string;
  /** What a fork may change of its input by name. */
  modifications?: Modifications<unknown>;
  /** Its runs hear what a user says to them while they are under way. */
  takesMessages?: boolean;
  /** The field of its input that names the function which it calls. */
  functionIn?: string;
  /** The field of its input that names the Workflow Id of a session, which it signals. */
  sessionIn?: string;
}

/** By name: the export names of workflows/index.ts. */
export type Catalogue = Readonly<Record<string, Entry>>;

export interface WorkflowItem {
  name: string;
  description: string | null;
  /** JSON Schema (draft 2020-12) of the input. */
  input_schema: Record<string, unknown>;
  takes_messages: boolean;
}

export function list(catalogue: Catalogue): WorkflowItem[] {
  return Object.entries(catalogue).map(([name, entry]) => ({
    name,
    description: entry.description ?? entry.input.description ?? null,
    input_schema: schemaOf(entry),
    takes_messages: entry.takesMessages === true,
  }));
}

/** The entry of that name; names that objects have by birth (`constructor`) are none. */
export function find(catalogue: Catalogue, name: string): Entry | undefined {
  return Object.hasOwn(catalogue, name) ? catalogue[name] : undefined;
}

/** What a client sends: the schema's input side. What JSON Schema cannot say shows as "anything". */
export function schemaOf(entry: Entry): Record<string, unknown> {
  return { ...z.toJSONSchema(entry.input, { io: 'input', unrepresentable: 'any', cycles: 'ref' }) };
}
