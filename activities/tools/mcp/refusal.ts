// Which tool servers a worker may use, and what is said of those that it may not or cannot.
import { StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { McpError } from '@modelcontextprotocol/sdk/types.js';
import { Fault } from '../../failures.ts';
import { PageFault } from '../../page/fault.ts';
import { judgeUrl } from '../../page/guard.ts';
import type { McpServer, StdioServer } from './server.ts';

/** Throws Fault McpRefused. */
export function requireAllowed(
  server: McpServer,
  commands: readonly string[],
  { allow, ports }: { allow?: readonly string[]; ports?: readonly number[] },
): void {
  if (server.kind === 'stdio') {
    if (!commands.some((line) => isOf(server, line))) throw notListed(server);
    requireOwnCode(server);
    return;
  }
  const verdict = judgeUrl(server.url, { exempt: new Set(allow), ports: new Set(ports) });
  if (verdict.kind === 'refused') throw refused(server, `Its address is refused: ${verdict.why}.`);
}

/** A line with arguments allows only what begins with them. */
function isOf({ command, args }: StdioServer, line: string): boolean {
  const [allowed, ...first] = line.split(/\s+/).filter(Boolean);
  return command === allowed && first.every((argument, n) => args[n] === argument);
}

/**
 * Variables by which loaders, interpreters, package runners and shells run other code than the listed program's: by
 * `NODE_OPTIONS` alone any text is a program. https://nodejs.org/api/cli.html#node_optionsoptions
 */
const loading = new RegExp(
  `^(${[
    'PATH|ENV|IFS|SHELLOPTS|BASHOPTS|BASH_.*|ZDOTDIR|PAGER|EDITOR|VISUAL',
    'LD_.*|DYLD_.*|GCONV_PATH|GLIBC_TUNABLES|LOCPATH|OPENSSL_.*',
    'NODE_(?!ENV$).*|TS_NODE_.*|NPM_CONFIG_.*|BUN_.*|DENO_.*',
    'PYTHON(?!UNBUFFERED$|UTF8$|IOENCODING$).*|PIP_.*|UV_.*',
    'PERL.*|RUBY.*|GEM_.*|BUNDLE_.*|PHP.*|LUA_.*|CLASSPATH|JAVA_.*|_JAVA_OPTIONS|JDK_.*|DOTNET_.*|CORECLR_.*',
    'GIT_(SSH.*|EXEC_PATH|EXTERNAL_DIFF|PAGER|EDITOR|CONFIG.*|PROXY_COMMAND|ASKPASS)',
  ].join('|')})$`,
  'i',
);

/** Whoever lists a program does not mean to let agents run anything. */
function requireOwnCode(server: StdioServer): void {
  const name = Object.keys(server.env ?? {}).find((one) => loading.test(one));
  if (name !== undefined)
    throw refused(
      server,
      `Its env may not have ${name.slice(0, 100)}: a program could be made to run other code by it.`,
    );
}

const notListed = (server: StdioServer): Fault =>
  refused(
    server,
    `The worker may not start ${server.command.slice(0, 100)}: MCP_COMMANDS in its environment lists what it may.`,
  );

export const refused = ({ name }: McpServer, why: string): Fault =>
  new Fault('McpRefused', `The tool server ${name} cannot be used. ${why}`);

/** What went wrong is said without what the server sent: it may be anything. */
export function unavailable(server: McpServer, error: unknown): Fault {
  const page = pageFaultIn(error);
  if (page?.kind === 'refused')
    return new Fault('McpRefused', `The tool server ${server.name} cannot be used. ${page.message}`);
  return new Fault('McpUnavailable', `The tool server ${server.name} cannot be reached: ${reason(error)}`, {
    cause: error,
  });
}

/** `fetch` wraps what the connector has thrown. */
function pageFaultIn(error: unknown): PageFault | undefined {
  if (error instanceof PageFault) return error;
  return error instanceof Error && error.cause !== undefined ? pageFaultIn(error.cause) : undefined;
}

function reason(error: unknown): string {
  if (error instanceof StreamableHTTPError && error.code !== undefined && error.code > 0)
    return `it answers with HTTP status ${error.code}.`;
  if (error instanceof McpError) return `it does not answer as a server of MCP does (${error.code}).`;
  const code = codeIn(error);
  return code === undefined ? 'it does not speak MCP.' : `${code}.`;
}

function codeIn(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return codeIn(error.cause);
}
