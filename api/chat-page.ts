// The chat page: served by the API itself, and by a server of its own that asks an API elsewhere.
import type { Hono } from 'hono';
import { pagePolicyFor, serve } from './assets.ts';
import type { ApiEnv } from './deps.ts';

const script = 'text/javascript; charset=utf-8';

/** @param service where the API is, as scheme://host:port; '' for where the page itself comes from */
export function addChatPage(app: Hono<ApiEnv>, service: string): void {
  const at = (name: string) => new URL(`../console/${name}`, import.meta.url);
  const headers = { 'Content-Security-Policy': pagePolicyFor(service) };
  app.get('/chat', serve({ file: at('chat.html'), type: 'text/html; charset=utf-8' }, headers));
  app.get('/console/chat.css', serve({ file: at('chat.css'), type: 'text/css; charset=utf-8' }));
  for (const name of ['chat.js', 'message.js', 'key.js'])
    app.get(`/console/${name}`, serve({ file: at(name), type: script }));
  app.get('/console/service.js', (c) => {
    const source = `// Where the service is that this page asks.\nexport const service = ${JSON.stringify(service)};\n`;
    return c.body(source, 200, { 'Content-Type': script, 'Cache-Control': 'no-cache' });
  });
}
