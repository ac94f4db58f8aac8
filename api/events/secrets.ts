// What nobody is shown of an agent's tool servers: the values of their headers and of their environments.

export const hidden = '***';

type Fields = Record<string, unknown>;

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Of the input of an agent's run, of the step that lists a server's tools, and of one that calls such a tool. Anything else stays. */
export function withoutSecrets(value: unknown): unknown {
  if (!isObject(value)) return value;
  if (isObject(value['agent'])) return { ...value, agent: withoutSecretsOfAgent(value['agent']) };
  const { server } = value;
  if (isObject(server) && isObject(server['server']))
    return { ...value, server: { ...server, server: withoutSecretsOfServer(server['server']) } };
  return value['kind'] === 'http' || value['kind'] === 'stdio' ? withoutSecretsOfServer(value) : value;
}

export function withoutSecretsOfAgent<T extends object>(agent: T): T;
export function withoutSecretsOfAgent(agent: Fields): Fields {
  const { mcp_servers: servers, agents } = agent;
  return {
    ...agent,
    ...(Array.isArray(servers) && { mcp_servers: servers.map(each(withoutSecretsOfServer)) }),
    ...(Array.isArray(agents) && { agents: agents.map(each(withoutSecretsOfAgent)) }),
  };
}

const each =
  (change: (value: Fields) => Fields) =>
  (value: unknown): unknown =>
    isObject(value) ? change(value) : value;

const withoutSecretsOfServer = ({ headers, env, ...server }: Fields): Fields => ({
  ...server,
  ...(isObject(headers) && { headers: covered(headers) }),
  ...(isObject(env) && { env: covered(env) }),
});

const covered = (values: Fields): Fields =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, isReference(value) ? value : hidden]));

/** It only names a secret of the worker's environment: activities/tools/mcp/secrets.ts. */
const isReference = (value: unknown): boolean =>
  typeof value === 'string' && /^(?:(?:Bearer|Basic|Token) )?\$\{[A-Za-z0-9_-]+\}$/.test(value);
