// A function: a Python program that a model wrote, with its typed inputs, as it is kept and handed about.
import type { Frame, Json, Outcome } from '../sandbox/sandbox.ts';

/** `passthrough`: it also gets a frame, as `input1`. */
export type TaskType = 'input' | 'passthrough';

/** As the model gave it: `type` is one of the names that given.ts knows. */
export interface UserInput {
  type: string;
  description?: string;
}

/** What is needed to call it. */
export interface Callable {
  code: string;
  task_type: TaskType;
  user_inputs: Record<string, UserInput>;
}

export interface Call {
  inputs: Record<string, Json>;
  input1?: Frame;
}

/** What a model has written, once it has been found to be one. */
export interface Draft extends Omit<Callable, 'task_type'> {
  task_name: string;
  packages_used: string[];
  /** A call that the model thought of. */
  example: Call | null;
}

/** The example, and what came of it when it was run once. */
export type Example = Call & ({ result: Frame } | { error: { type: string; message: string; traceback?: string } });

/** metadata.json: its keys are those of the system that it was made for. */
export interface Metadata {
  task_id: string;
  task_name: string;
  task_type: TaskType;
  desired_action: string;
  user_inputs: Record<string, UserInput>;
  packages_used: string[];
  created_at: string;
  example: Example | null;
}

/** metadata.json and function.py. */
export interface StoredFunction extends Metadata {
  code: string;
}

/** One input of a call that is not as it was declared. */
export interface WrongInput {
  name: string;
  message: string;
  type: 'missing' | 'unknown' | 'wrong_type' | 'too_deep';
}

type MissingPackage = Extract<Outcome, { kind: 'missing_package' }>;

/** What became of a call: that of the program, unless it was not begun for its inputs. */
export type CallOutcome =
  | Exclude<Outcome, MissingPackage>
  /** `available`: what is there besides Python's own. */
  | (MissingPackage & { available: string[] })
  | { kind: 'invalid_inputs'; wrong: WrongInput[] };
