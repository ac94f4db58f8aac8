// What all runs of a worker share: evaluated once and then frozen by the SDK, so it must hold no state.
import { z } from 'zod';

// Used, because webpack drops a bare import from a package that declares itself free of side effects; and as a module name
// (`preloadModules: ['zod']`) the SDK would preload the CommonJS copy, which no workflow uses. An object, and one that
// parses, because zod sets up its memory of object schemas and its look for `eval` at their first use: later it is frozen.
z.object({ any: z.unknown() }).safeParse({});

// The SDK freezes what is not frozen yet, all the way down. zod sets `lastIndex` of its patterns, always to 0, whenever it
// uses them, so they must stay as they are.
Object.freeze(z.regexes);
