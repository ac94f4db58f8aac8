// The tools that agents may have, one line each. The API reads this list too: what a tool touches it gets handed.
import { ask_person } from './ask-person.ts';
import { calculate } from './calculate.ts';
import { create_ticket } from './create-ticket.ts';
import { fetch_page } from './fetch-page.ts';
import { report_activity } from './report-activity.ts';
import { run_python } from './run-python.ts';
import { search_knowledge } from './search-knowledge.ts';
import { send_email } from './send-email.ts';
import type { AnyTool } from './tool.ts';

export const tools: AnyTool[] = [
  ask_person,
  calculate,
  create_ticket,
  fetch_page,
  report_activity,
  run_python,
  search_knowledge,
  send_email,
];

const byName = new Map(tools.map((tool) => [tool.name, tool]));

export const toolNamed = (name: string): AnyTool | undefined => byName.get(name);
