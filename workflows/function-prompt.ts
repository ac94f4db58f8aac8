// What a model is told that is to write a function.
import type { TaskType } from '../activities/functions/function.ts';
import type { Message } from '../activities/model/model.ts';
import { system, user } from './prompt.ts';

const answer = `Answer with one JSON object and nothing else:
{
  "task_name": "a short name",
  "user_inputs": {"name": {"type": "string", "description": "what it is"}},
  "packages_used": ["pandas"],
  "python_function": "import pandas as pd\\n\\ndef main_function(...):\\n    ...",
  "example": EXAMPLE
}

- python_function is the whole program as one JSON string. It defines main_function, which gives back a pandas DataFrame.
- user_inputs lists what the user is asked for on each call; {} when nothing. The types are string, integer, number, boolean,
  array, object and date (which arrives as a datetime). Do not invent inputs that the task does not need.
- There are pandas, numpy, lxml and Python's standard library; nothing else, no network and no files.
- example is a small call that shows what the function does.`;

const instructions: Record<TaskType, string> = {
  input: `You write a Python function for a task that the user describes in plain words.

main_function takes the user inputs, by these names, and nothing else.

${answer.replace('EXAMPLE', '{"inputs": {"name": "a value"}}')}`,
  passthrough: `You write a Python function for a task that the user describes in plain words. It works on a data set.

main_function takes input1, a pandas DataFrame with the data set, and the user inputs, by these names, and nothing else. input1 is
never listed in user_inputs. What its columns are called you do not know unless the user says so: look at input1.columns and at the
types, or ask for a column's name as a user input. Columns of text that hold dates arrive as text.

${answer.replace('EXAMPLE', '{"inputs": {"name": "a value"}, "input1": {"columns": ["a", "b"], "values": [["a1", "a2"], ["b1", "b2"]]}}')}
  The values of input1 are given column by column.`,
};

export const asked = (desired_action: string, task_type: TaskType): Message[] => [
  system(instructions[task_type]),
  user(desired_action),
];

/** After an answer that could not be used. */
export const askedAgain = (said: string, error: string): Message[] => [
  { role: 'assistant', content: said },
  user(`Your answer cannot be used: ${error}\n\nAnswer again with the whole JSON object, corrected.`),
];
