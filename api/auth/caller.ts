// Who asks. Of each request it is known from its first moment to the last byte of its answer, and nobody hands it on.
import { AsyncLocalStorage } from 'node:async_hooks';
import { ownerOf } from './owner.ts';

/** A viewer reads; a user also starts and controls runs and manages what it owns; an admin does everything. */
export const roles = ['viewer', 'user', 'admin'] as const;
export type Role = (typeof roles)[number];

/** Proven by a key or a JWT. */
export interface Known {
  name: string;
  role: Role;
}

/** `everyone`: auth is off. */
export type Caller = { kind: 'everyone' } | ({ kind: 'known' } & Known);

export const everyone: Caller = { kind: 'everyone' };

/** One request. */
export interface Asking {
  request_id: string;
  /** Absent: nothing is proven yet. */
  caller?: Caller;
  /** Ids of runs that were found for it: they are not looked up again. */
  found: Set<string>;
}

const requests = new AsyncLocalStorage<Asking>();

/** Whatever `work` begins belongs to the request, however long it takes. */
export const asking = <T>(request: Asking, work: () => T): T => requests.run(request, work);

/** Undefined: nobody asks, the program does something by itself. */
export const request = (): Asking | undefined => requests.getStore();

/** For each line of the log. */
export const requestFields = (): { request_id?: string } => {
  const { request_id } = request() ?? {};
  return request_id === undefined ? {} : { request_id };
};

/** With auth on, it throws where nobody asks: what cannot be told apart must not be shown. */
export function whoAsks(authIsOn: boolean): Caller {
  if (!authIsOn) return everyone;
  const { caller } = request() ?? {};
  if (!caller) throw new Error('Nobody is known to ask here: work for a request must begin inside of it.');
  return caller;
}

/** To whom belongs what the caller makes, as search attributes have it. */
export const makes = (caller: Caller): string | undefined =>
  caller.kind === 'known' ? ownerOf(caller.name) : undefined;

/** The only owner whose things the caller may know of. Undefined: it sees all. */
export const seesOnly = (caller: Caller): string | undefined =>
  caller.kind === 'known' && caller.role === 'user' ? ownerOf(caller.name) : undefined;
