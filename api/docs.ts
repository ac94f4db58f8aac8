// Swagger UI at /docs and Redoc at /redoc, from their packages' own files: nothing is fetched from elsewhere.
import { createRequire } from 'node:module';
import { type Asset, pagePolicy, serve } from './assets.ts';
import type { Api } from './deps.ts';

const script = 'text/javascript; charset=utf-8';

export function addDocs(app: Api): void {
  const { resolve } = createRequire(import.meta.url);
  const assets: Record<string, Asset> = {
    'swagger-ui.css': { file: resolve('swagger-ui-dist/swagger-ui.css'), type: 'text/css; charset=utf-8' },
    'swagger-ui.js': { file: resolve('swagger-ui-dist/swagger-ui-bundle.js'), type: script },
    'redoc.js': { file: resolve('redoc/bundles/redoc.standalone.js'), type: script },
    'icon.png': { file: resolve('swagger-ui-dist/favicon-32x32.png'), type: 'image/png' },
  };
  for (const [name, asset] of Object.entries(assets)) app.get(`/docs/assets/${name}`, serve(asset));
  app.get('/docs/assets/start.js', (c) => c.body(openSwagger, 200, { 'Content-Type': script }));
  app.get('/docs', (c) => c.html(swagger, 200, { 'Content-Security-Policy': pagePolicy }));
  app.get('/redoc', (c) => c.html(redoc, 200, { 'Content-Security-Policy': pagePolicy }));
}

const head = (title: string): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${title}</title>
    <link rel="icon" href="/docs/assets/icon.png" />`;

const swagger = `${head('Waymark · API')}
    <link rel="stylesheet" href="/docs/assets/swagger-ui.css" />
  </head>
  <body>
    <div id="swagger"></div>
    <script src="/docs/assets/swagger-ui.js"></script>
    <script src="/docs/assets/start.js"></script>
  </body>
</html>
`;

const openSwagger = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger', deepLinking: true, validatorUrl: null });
`;

const redoc = `${head('Waymark · API reference')}
  </head>
  <body style="margin: 0">
    <redoc spec-url="/openapi.json" disable-search="false" hide-loading></redoc>
    <script src="/docs/assets/redoc.js"></script>
  </body>
</html>
`;
