// The server of the chat page alone: files, and nothing else.
import { Hono } from 'hono';
import { addChatPage } from '../api/chat-page.ts';
import type { ApiEnv } from '../api/deps.ts';

/** @param service where the API is, as scheme://host:port */
export function createChatServer(service: string): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>();
  // The API's list of origins has one name for this machine.
  app.use(async (c, next) => {
    c.header('X-Content-Type-Options', 'nosniff');
    const url = new URL(c.req.url);
    if (url.hostname !== '127.0.0.1' && url.hostname !== '[::1]') return next();
    url.hostname = 'localhost';
    return c.redirect(url.href);
  });
  app.get('/', (c) => c.redirect('/chat'));
  addChatPage(app, service);
  app.get('/favicon.ico', (c) => c.body(null, 204));
  return app;
}
