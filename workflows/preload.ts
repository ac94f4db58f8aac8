// Of the shipped workflows what all runs of a worker share, as runtime/preload.ts has it of the runtime: making a schema takes
// longer than all else that a run's code does before its first step. A workflow whose module exports functions alone, holds no
// state, and imports none that does, may stand here.
import * as given from '../activities/functions/given.ts';
import * as input from './agent/input.ts';
import * as snapshot from './agent/snapshot.ts';
import * as prompt from './prompt.ts';

export * as companyReport from './company-report.ts';
export * as createFunction from './create-function.ts';
export * as poem from './poem.ts';
export * as rag from './rag.ts';
export * as runFunction from './run-function.ts';
export * as simple from './simple.ts';

// The SDK freezes whatever it finds from here, all the way down, but goes into nothing that is frozen already. Schemas must stay as
// they are: zod gives them methods when they are first asked for, and sets `lastIndex` of their patterns. Into what functions
// carry, as `.input`, it does not go either.
for (const module of [given, input, snapshot, prompt]) Object.freeze(module);
