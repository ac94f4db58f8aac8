// Whether an IP address belongs to the public internet.
import { isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** All that IANA has opened for global unicast: https://www.iana.org/assignments/ipv6-address-space */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');

/** NAT64: on a network without IPv4 every public IPv4 host is reached by it (https://www.rfc-editor.org/rfc/rfc6052). */
const nat64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96');

/** Looks public and is not: inside Azure it is the host's own services, metadata and keys among them. */
const azureHost = '168.63.129.16';

/**
 * True when the address, as a URL parser or a resolver writes it, is one of the public internet's. What is not surely
 * public is not public: special-purpose ranges (https://www.iana.org/assignments/iana-ipv4-special-registry and
 * …/iana-ipv6-special-registry), tunnels, addresses with a zone, and anything that is no address at all.
 */
export function isPublic(address: string): boolean {
  if (address.includes('%')) return false;
  if (isIPv4(address)) return isPublicAddress(ipaddr.IPv4.parse(address));
  return isIPv6(address) && isPublicAddress(ipaddr.IPv6.parse(inHexadecimal(address)));
}

/** The library takes ::1.2.3.4, which resolvers and sockets write for ::102:304, for the mapped ::ffff:1.2.3.4. */
const inHexadecimal = (address: string): string => new URL(`http://[${address}]`).hostname.slice(1, -1);

function isPublicAddress(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (address instanceof ipaddr.IPv4) return address.range() === 'unicast' && address.toString() !== azureHost;
  // These two stand for an IPv4 address, which is the one that would be reached.
  if (address.isIPv4MappedAddress()) return isPublicAddress(address.toIPv4Address());
  if (address.match(nat64)) return isPublicAddress(new ipaddr.IPv4(address.toByteArray().slice(12)));
  return address.match(globalUnicast) && address.range() === 'unicast';
}
