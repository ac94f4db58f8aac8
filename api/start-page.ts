// What stands at /: a page for browsers, the service's name and endpoints for programs.
import { pagePolicy, serve } from './assets.ts';
import type { Api, ApiDeps } from './deps.ts';
import { flowEndpoints } from './doors/flows/endpoints.ts';
import { wantsPage } from './media.ts';

const script = 'text/javascript; charset=utf-8';
const style = 'text/css; charset=utf-8';
const html = 'text/html; charset=utf-8';

export function addStart(app: Api, deps: ApiDeps): void {
  const { catalogue, config, namespace, temporalUi } = deps;
  const at = (name: string) => new URL(`../console/${name}`, import.meta.url);
  const page = serve({ file: at('start.html'), type: html }, { 'Content-Security-Policy': pagePolicy, Vary: 'Accept' });
  const about = {
    name: 'Waymark',
    version: config.version,
    docs: '/docs',
    openapi: '/openapi.json',
    temporal_ui: temporalUi ?? null,
    temporal_namespace: namespace,
    workflows: Object.keys(catalogue).map((name) => ({ name, start: `/api/workflows/${name}/runs` })),
    ...flowEndpoints(catalogue),
  };
  app.get('/', async (c) => (wantsPage(c) ? await page(c) : c.json(about, 200, { Vary: 'Accept' })));
  app.get('/console/start.js', serve({ file: at('start.js'), type: script }));
  app.get('/console/start.css', serve({ file: at('start.css'), type: style }));
  app.get('/favicon.ico', (c) => c.body(null, 204));
}
