// A process that looks for a Temporal CLI: arguments are the cache folder and the PATH; prints what it found.
import { findBinary } from '../temporal/binary.ts';
import { build } from '../temporal/build.ts';

const [cache = '', path = ''] = process.argv.slice(2);
const say = (line: string) => process.stderr.write(`${line}\n`);
const download = () => Promise.resolve({ kind: 'declined' as const, why: 'not in tests' });
process.stdout.write(await findBinary({ cache, path }, { info: say, warn: say }, { download, build }));
