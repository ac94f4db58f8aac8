// What all runs of a worker share: evaluated once, and grown fast by all of them. Then it is frozen by the SDK, so it must
// hold no state: a module that does (run.ts, journal/child.ts), or imports one that does, stays out (test/preload.test.ts).
import { z } from 'zod';

export * as budget from './budget.ts';
export * as conversation from './conversation.ts';
export * as family from './family.ts';
export * as gate from './gate.ts';
export * as input from './input.ts';
export * as ledger from './ledger.ts';
export * as parent from './parent.ts';
export * as parting from './parting.ts';
export * as shown from './shown.ts';
export * as step from './step.ts';
export * as story from './story.ts';
export * as waits from './waits.ts';

// Used, because webpack drops a bare import from a package that declares itself free of side effects; and as a module name
// (`preloadModules: ['zod']`) the SDK would preload the CommonJS copy, which no workflow uses. An object, and one that
// parses, because zod sets up its memory of object schemas and its look for `eval` at their first use: later it is frozen.
z.object({ any: z.unknown() }).safeParse({});

// The SDK freezes what is not frozen yet, all the way down. zod sets `lastIndex` of its patterns, always to 0, whenever it
// uses them, so they must stay as they are.
Object.freeze(z.regexes);
