// What the run of a folded history was itself served: the pages of the journal that its timeline began with.
import type { Batch, Job, Opening, OpenChild, Page, Splice } from './batch.ts';
import type { HistoryEvent } from './history.ts';

export interface Served {
  readonly state: 'none' | 'loading' | 'loaded' | 'spliced';
  /** The timeline has a memo `fork`. `continuedFrom`: '' when it is not the successor of another one. */
  expect(opening: Opening, continuedFrom: string): void;
  scheduled(event: HistoryEvent): true;
  /** An activity that is about this timeline alone. */
  leftOut(event: HistoryEvent): true;
  /** Whether the event is about the reading of the journal and not about the run. */
  isOurs(event: HistoryEvent): boolean;
  pageOf(event: HistoryEvent): Page | undefined;
  /** `seed`: what this timeline's random numbers come from. */
  take(page: Page, seed: number[]): Batch[];
  /** Messages that came while the journal was loaded wait until it is. */
  hold(jobs: Job[]): void;
  release(): Job[];
  /** Once, for the first batch that the timeline lived itself. */
  splice(seed: number[]): Splice | undefined;
}

export function createServed(): Served {
  const ids = new Set<number>();
  const asides = new Set<number>();
  let state: Served['state'] = 'none';
  let opened: Pick<Opening, 'kind' | 'account' | 'handed_on'> = { kind: 'fork' };
  let held: Job[] = [];
  let children: OpenChild[] | undefined;

  return {
    get state() {
      return state;
    },
    expect(opening, continuedFrom) {
      if (continuedFrom !== '' && opening.from !== continuedFrom) return;
      state = 'loading';
      opened = opening;
    },
    scheduled(event) {
      ids.add(Number(event.eventId));
      return true;
    },
    leftOut(event) {
      asides.add(Number(event.eventId));
      return true;
    },
    isOurs: (event) => ids.has(scheduledBy(event)) || asides.has(scheduledBy(event)),
    pageOf(event) {
      const done = event.activityTaskCompletedEventAttributes;
      const data = done && ids.has(Number(done.scheduledEventId)) ? done.result?.payloads?.[0]?.data : undefined;
      return data ? pageIn(data) : undefined;
    },
    take(page, seed) {
      if (page.next !== undefined) return page.batches;
      state = 'loaded';
      children = page.children;
      const last = page.batches.at(-1);
      // What the code did after the checkpoint, it did with this timeline's random numbers.
      if (!last?.open || last.open.seed) return page.batches;
      return [...page.batches.slice(0, -1), { ...last, open: { seed } }];
    },
    hold(jobs) {
      held.push(...jobs);
    },
    release() {
      if (state === 'loading') return [];
      const jobs = held;
      held = [];
      return jobs;
    },
    splice(seed) {
      if (state !== 'loaded') return undefined;
      state = 'spliced';
      const { kind, account, handed_on } = opened;
      return {
        kind,
        seed,
        ...(account && { account }),
        ...(handed_on && { handed_on }),
        ...(children && { children }),
      };
    },
  };
}

function scheduledBy(event: HistoryEvent): number {
  const attributes =
    event.activityTaskStartedEventAttributes ??
    event.activityTaskCompletedEventAttributes ??
    event.activityTaskFailedEventAttributes ??
    event.activityTaskTimedOutEventAttributes ??
    event.activityTaskCanceledEventAttributes;
  return Number(attributes?.scheduledEventId ?? -1);
}

/** Our own writing: the result of `readJournal`. */
function pageIn(data: Uint8Array): Page {
  const page: Page = JSON.parse(new TextDecoder().decode(data));
  return page;
}

/** Our own writing: memo `fork`. */
export function openingIn(data: Uint8Array): Opening {
  const opening: Opening = JSON.parse(new TextDecoder().decode(data));
  return opening;
}
