// Serves the saved pages: node test/pages/main.ts [port], 9000 by default.
import { servePages } from './serve.ts';

const pages = await servePages(Number(process.argv[2] ?? 9000));
console.log(`Saved pages are at ${pages.origin}/tide-pools.html; end with Ctrl-C.`);

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void pages.close());
