// What a user says to an agent that is at work.
import { patched, setHandler } from '@temporalio/workflow';
import { message } from '../runtime/messages.ts';
import type { AgentConfig } from './snapshot.ts';

/** Runs that began with older code said whatever they were told, and ended while something was said. */
export const texting = 'agent/1';

export interface Inbox {
  /** Whether anything was said that has not been taken. */
  readonly isFull: boolean;
  /** All that was said since the last time, in order. */
  take(): string[];
  /** Runs `work`; `stop` is called when an interruption comes meanwhile. */
  during<T>(stop: () => void, work: () => Promise<T>): Promise<T>;
}

export function openInbox(policy: AgentConfig['double_texting']): Inbox {
  const said: string[] = [];
  let interrupt: (() => void) | undefined;
  setHandler(
    message,
    (given) => {
      const text = textOf(given);
      if (text === undefined) return;
      const asked = policyOf(given, policy);
      // Of one that was sent otherwise than by the API, nobody can be told.
      if (asked === 'reject' && patched(texting)) return;
      said.push(text);
      if (asked === 'interrupt') interrupt?.();
    },
    {
      description:
        'Tells a running agent something: {"text": …, "policy": "queue" | "interrupt"}, or just the text. Without a policy the agent\'s own holds; under "reject" it is not heard.',
    },
  );
  return {
    get isFull() {
      return said.length > 0;
    },
    take: () => said.splice(0),
    async during(stop, work) {
      interrupt = stop;
      try {
        return await work();
      } finally {
        interrupt = undefined;
      }
    },
  };
}

/** Of one to whom nobody speaks: an agent inside of another workflow. */
export const noInbox: Inbox = { isFull: false, take: () => [], during: (_, work) => work() };

/** By the CLI it may be anything. */
function textOf(given: unknown): string | undefined {
  if (typeof given === 'string') return given;
  return typeof given === 'object' && given !== null && 'text' in given && typeof given.text === 'string'
    ? given.text
    : undefined;
}

const policyOf = (given: unknown, otherwise: string): unknown =>
  typeof given === 'object' && given !== null && 'policy' in given ? given.policy : otherwise;
