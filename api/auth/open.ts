// What needs no token: health, documents and pages, which show nothing of anybody's.

const paths = new Set([
  '/',
  '/chat',
  '/hello',
  '/health',
  '/health/live',
  '/health/ready',
  '/api/health',
  '/docs',
  '/redoc',
  '/openapi.json',
  '/client.js',
  '/favicon.ico',
]);
/** With all that is below. */
const folders = ['/console', '/docs/assets'];

export const isOpen = (method: string, path: string): boolean =>
  (method === 'GET' || method === 'HEAD') &&
  (paths.has(path) || folders.some((folder) => path === folder || path.startsWith(`${folder}/`)));
