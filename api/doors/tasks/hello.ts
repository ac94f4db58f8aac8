// The greeting that the replaced system's client asked for, and the page with its button.
import { z } from '@hono/zod-openapi';
import { json } from '../../answers.ts';
import { pagePolicy, serve } from '../../assets.ts';
import type { Api } from '../../deps.ts';

const greeting = z.object({ message: z.literal('Hello World!') });

export function addHello(app: Api): void {
  const at = (name: string) => new URL(`../../../console/${name}`, import.meta.url);
  const html = 'text/html; charset=utf-8';
  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/api/get_data',
    tags: ['Tasks'],
    summary: 'A greeting: whether a client reaches the service',
    responses: { 200: json('The greeting', greeting) },
  });
  app.get('/api/get_data', (c) => c.json({ message: 'Hello World!' } satisfies z.infer<typeof greeting>, 200));
  app.get('/hello', serve({ file: at('hello.html'), type: html }, { 'Content-Security-Policy': pagePolicy }));
  app.get('/console/hello.js', serve({ file: at('hello.js'), type: 'text/javascript; charset=utf-8' }));
  app.get('/console/hello.css', serve({ file: at('hello.css'), type: 'text/css; charset=utf-8' }));
}
