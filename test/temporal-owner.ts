// A process that needs a Temporal server: arguments are the data folder, port, Web UI port and namespace; it prints what it
// got as one JSON line, keeps it until its standard input ends, and logs to standard error.
import { once } from 'node:events';
import { openEmbedded } from '../temporal/embedded.ts';
import { readTemporalConfig } from '../temporal/config.ts';

// Before the line is printed: whoever reads it may send the signal at once.
process.on('SIGINT', () => {});

const [data = '', port, uiPort, namespace = 'default'] = process.argv.slice(2);
const say = (line: string) => process.stderr.write(`${line}\n`);
const { PATH, XDG_CACHE_HOME } = process.env;
const { cache, path } = readTemporalConfig({ PATH, XDG_CACHE_HOME });
const config = { kind: 'embedded' as const, data, port: Number(port), uiPort: Number(uiPort), namespace, cache, path };
const embedded = await openEmbedded(config, { info: say, warn: say });
process.stdout.write(`${JSON.stringify(embedded)}\n`);
await once(process.stdin.resume(), 'end');
await embedded.stop();
