// How a connection to a page's host is made: only to addresses that were judged, and judged again once it stands.
import { lookup as systemLookup } from 'node:dns/promises';
import type { LookupAddress, LookupOptions } from 'node:dns';
import { callbackify } from 'node:util';
import { buildConnector } from 'undici';
import { isPublic } from './address.ts';
import { PageFault } from './fault.ts';

/** All addresses of a host name; rejects as `dns.promises.lookup` does. */
export type Resolve = (hostname: string) => Promise<LookupAddress[]>;

export const systemResolve: Resolve = (hostname) => systemLookup(hostname, { all: true });

const connectTimeoutMs = 5_000;

/** A host is refused when any of its addresses is not public: which of them is taken is chance. */
export function judgeAddresses(addresses: LookupAddress[]): 'allowed' | 'refused' {
  return addresses.every(({ address }) => isPublic(address)) ? 'allowed' : 'refused';
}

/** Connects to whatever it is told to: for origins that PAGE_ALLOW lists. */
export function openConnector(resolve: Resolve): buildConnector.connector {
  return connectorOf(resolve, () => 'allowed');
}

/**
 * Connects to public addresses only. The connected socket is judged too, before a byte of the request is sent: whatever stands between
 * the look-up and the connection must not turn a public name into an internal address.
 *
 * @param connect for tests: what makes the connection in place of the system
 */
export function guardedConnector(resolve: Resolve, connect?: buildConnector.connector): buildConnector.connector {
  const make = connect ?? connectorOf(resolve, judgeAddresses);
  return (options, callback) => {
    make(options, (...outcome) => {
      const [error, socket] = outcome;
      if (error === null && !isPublic(socket.remoteAddress ?? '')) {
        socket.destroy();
        callback(notPublic(options.hostname), null);
      } else callback(...outcome);
    });
  };
}

function connectorOf(resolve: Resolve, judge: typeof judgeAddresses): buildConnector.connector {
  // The socket asks for addresses exactly once and connects to nothing but the answer, so a name that changes its
  // mind between a check and the connection gains nothing.
  const lookup = callbackify(async (hostname: string, _options: LookupOptions) => {
    const addresses = await resolve(hostname);
    if (addresses.length === 0) throw noAddress(hostname);
    if (judge(addresses) === 'refused') throw notPublic(hostname);
    return addresses;
  });
  // autoSelectFamily makes the socket ask for, and try, all addresses.
  return buildConnector({ lookup, autoSelectFamily: true, timeout: connectTimeoutMs, allowH2: false });
}

function notPublic(hostname: string): PageFault {
  return new PageFault(
    'refused',
    `The address is refused: ${hostname} does not lead to the public internet. Only an origin that PAGE_ALLOW lists may be internal.`,
  );
}

function noAddress(hostname: string): PageFault {
  return new PageFault('dns', `The host name ${hostname} has no address. Check the spelling of the URL.`);
}
