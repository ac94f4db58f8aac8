// Folds a run's children. Their own events stay in their own streams.
import type { Happening } from './happening.ts';
import type { Story, Told } from './story.ts';
import type { ChildView } from './view.ts';

export interface Children {
  started(happening: Extract<Happening, { kind: 'child_started' }>): Told[];
  ended(happening: Extract<Happening, { kind: 'child_ended' }>): Told[];
}

export function createChildren(story: Story): Children {
  /** By the id of the event that asked for them. */
  const open = new Map<number, ChildView>();
  return {
    started({ initiated, at, run, workflow }) {
      const child: ChildView = { run_id: run, workflow, status: 'running', started_at: at, completed_at: null };
      story.children.push(child);
      open.set(initiated, child);
      return [{ event: { type: 'child_started', data: { run_id: run, workflow } } }];
    },
    ended({ initiated, at, status, error }) {
      const child = open.get(initiated);
      if (!child) return [];
      open.delete(initiated);
      Object.assign(child, { status, completed_at: at });
      const data = { run_id: child.run_id, status, ...(error && { error }) };
      return [{ event: { type: 'child_completed', data } }];
    },
  };
}
