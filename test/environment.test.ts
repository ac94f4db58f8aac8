// What the programs read from the environment, and how they say in one line that it cannot be used.
import { expect, test } from 'vitest';
import { EnvironmentError, readEnvironment } from '../worker/environment.ts';

const read = (variables: NodeJS.ProcessEnv, ...argv: string[]) => readEnvironment(variables, argv);

test('nothing set: loopback, port 8000, an embedded Temporal, no key', () => {
  const { environment, temporal, ignored, reload } = read({});
  expect(environment).toMatchObject({
    API_HOST: '127.0.0.1',
    API_PORT: 8000,
    OPENAI_API_KEY: '',
    OPENAI_API: 'responses',
  });
  expect(environment.CORS_ORIGINS).toEqual(['http://localhost:3000']);
  expect(temporal.server).toEqual({ kind: 'embedded', port: 7233, uiPort: 8233 });
  expect(ignored).toEqual([]);
  expect(reload).toBe(false);
});

test('--host, --port and --reload win over the environment', () => {
  const { environment, reload } = read({ API_PORT: '9000' }, '--host', 'localhost', '--port', '9001', '--reload');
  expect(environment).toMatchObject({ API_HOST: 'localhost', API_PORT: 9001 });
  expect(reload).toBe(true);
});

test('an empty variable counts as not set', () => {
  expect(read({ API_PORT: '', OPENAI_MODEL: '' }).environment).toMatchObject({
    API_PORT: 8000,
    OPENAI_MODEL: 'gpt-4o-mini',
  });
});

test('the names of the systems before are adopted, ours win', () => {
  const { environment } = read({ AGIO_OPENAI_API_KEY: 'theirs', AGIO_LOG_LEVEL: 'WARN', AGENTEXEC_NUM_WORKERS: '4' });
  expect(environment).toMatchObject({ OPENAI_API_KEY: 'theirs', LOG_LEVEL: 'warn', WAYMARK_WORKER_SLOTS: 4 });
  expect(read({ OPENAI_KEY: 'theirs', OPENAI_API_KEY: 'ours' }).environment.OPENAI_API_KEY).toBe('ours');
});

test("a key of Google's is used with Google's address when there is none of OpenAI's", () => {
  const { environment } = read({ GEMINI_API_KEY: 'g' });
  expect(environment).toMatchObject({ OPENAI_API_KEY: 'g', OPENAI_API: 'chat' });
  expect(environment.OPENAI_BASE_URL).toContain('generativelanguage.googleapis.com');
  expect(read({ GEMINI_API_KEY: 'g', OPENAI_API_KEY: 'o' }).environment).toMatchObject({
    OPENAI_API_KEY: 'o',
    OPENAI_API: 'responses',
  });
});

test('what has no effect is told, one line each', () => {
  const { ignored } = read({ REDIS_URL: 'redis://x', HATCHET_CLIENT_TOKEN: 'secret', DATABASE_URL: 'x' });
  expect(ignored).toHaveLength(3);
  expect(ignored.join()).toMatch(/REDIS_URL.*HATCHET_CLIENT_TOKEN.*DATABASE_URL/s);
  expect(ignored.join()).not.toContain('secret');
});

test.each([
  [{ API_PORT: 'eight' }, /API_PORT/],
  [{ API_PORT: '70000' }, /API_PORT/],
  [{ OPENAI_API: 'grpc' }, /OPENAI_API/],
  [{ OPENAI_BASE_URL: 'not a url' }, /OPENAI_BASE_URL/],
  [{ WAYMARK_WORKER_SLOTS: '0' }, /WAYMARK_WORKER_SLOTS/],
  [{ PAGE_ALLOW: 'http://*.example.com' }, /PAGE_ALLOW/],
])('%o is refused in one line that names the variable', (variables, named) => {
  expect(() => read(variables)).toThrow(EnvironmentError);
  expect(() => read(variables)).toThrow(named);
});

test.each(['0.0.0.0', '::', '192.0.2.7', 'example.com', '127.0.0.1.example.com'])(
  'listening on %s is refused without AUTH_OFF=1',
  (API_HOST) => {
    expect(() => read({ API_HOST })).toThrow(/AUTH_API_KEYS.*AUTH_OFF=1/);
    expect(read({ API_HOST, AUTH_OFF: '1' }).environment.API_HOST).toBe(API_HOST);
  },
);

test('with keys, a secret or an address of public keys it may listen anywhere', () => {
  for (const auth of [
    { AUTH_API_KEYS: 'me:admin:secret' },
    { AUTH_JWT_SECRET: 'secret' },
    { AUTH_JWKS_URL: 'https://id.example.com/jwks.json' },
  ])
    expect(read({ API_HOST: '0.0.0.0', ...auth }).environment.API_HOST).toBe('0.0.0.0');
});

test('of keys only hashes are kept; a key may have colons', () => {
  const { environment } = read({ AUTH_API_KEYS: ' me:admin:se:cret , you:viewer:other ' });
  expect(environment.AUTH_API_KEYS.map(({ name, role }) => [name, role])).toEqual([
    ['me', 'admin'],
    ['you', 'viewer'],
  ]);
  expect(JSON.stringify(environment)).not.toMatch(/se:cret|other/);
});

test.each([
  ' , ',
  'secret',
  'me:secret',
  'me:owner:secret',
  ':admin:secret',
  'me:admin:',
  'a:user:secret,b:user:secret',
  'a:user:one,a:admin:secret',
])('AUTH_API_KEYS=%s is refused without a word of the key', (AUTH_API_KEYS) => {
  expect(() => read({ AUTH_API_KEYS })).toThrow(/AUTH_API_KEYS: entry \d/);
  expect(() => read({ AUTH_API_KEYS })).not.toThrow(/secret/);
});

test('AUTH_OFF=1 beside keys is refused: nobody must believe to be behind a key that is not asked for', () => {
  expect(() => read({ AUTH_API_KEYS: 'me:admin:secret', AUTH_OFF: '1' })).toThrow(/AUTH_OFF=1 contradicts/);
});

test('an unknown argument is refused', () => {
  expect(() => read({}, '--prot', '1')).toThrow(/--host, --port, --reload/);
});

test('secrets of tool servers have a name, a place and a value', () => {
  const { environment } = read({ MCP_SECRETS: 'shop https://shop.example.com Basic a b, files mcp-files abc' });
  expect([...environment.MCP_SECRETS]).toEqual([
    ['shop', { place: 'https://shop.example.com', value: 'Basic a b' }],
    ['files', { place: 'mcp-files', value: 'abc' }],
  ]);
  expect(() => read({ MCP_SECRETS: 'shop sk-123' })).toThrow('MCP_SECRETS: Must be "name place value"');
});
