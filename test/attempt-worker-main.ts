// A worker of test/attempt-worker.ts as a process of its own, to be killed: its options come as JSON in argv[2].
import { startAttemptWorker } from './attempt-worker.ts';

const options = process.argv[2];
if (options === undefined) throw new Error('Options are missing.');
await startAttemptWorker(JSON.parse(options));
process.stdout.write('ready\n');
