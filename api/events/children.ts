// Folds a run's children. Their own events stay in their own streams.
import type { Happening } from './happening.ts';
import type { Story, Told } from './story.ts';
import type { ChildView } from './view.ts';
import { keyOf, type Where } from './where.ts';

export interface Children {
  started(happening: Extract<Happening, { kind: 'child_started' }>): Told[];
  ended(happening: Extract<Happening, { kind: 'child_ended' }>): Told[];
  /** A timeline goes on where another one was: of a child that was open there it has one of its own. */
  spliced(): void;
}

/** Of the catalogue. Each run of it that another run starts is the call of an agent as a tool. */
const agentWorkflow = 'agent';

export function createChildren(story: Story, where: Where): Children {
  const open = story.open.children;
  return {
    started(happening) {
      const { initiated, at, run, workflow, origin } = happening;
      const child: ChildView = { run_id: run, workflow, status: 'running', started_at: at, completed_at: null };
      if (origin && origin.run !== where.run) child.inherited = true;
      story.children.push(child);
      open.set(keyOf(where, happening, initiated), child);
      return [{ event: { type: 'child_started', data: { run_id: run, workflow } } }];
    },
    ended(happening) {
      const key = keyOf(where, happening, happening.initiated);
      const child = open.get(key);
      if (!child) return [];
      const { at, status, error } = happening;
      open.delete(key);
      Object.assign(child, { status, completed_at: at });
      if (child.workflow === agentWorkflow && status !== 'cancelled') story.tool_calls++;
      const data = { run_id: child.run_id, status, ...(error && { error }) };
      return [{ event: { type: 'child_completed', data } }];
    },
    spliced() {
      const gone = new Set(open.values());
      story.children = story.children.filter((child) => !gone.has(child));
      open.clear();
    },
  };
}
