// What a failed connection or a broken answer means for the page it was to bring.
import { PageFault } from './fault.ts';

/** Codes of Node (https://nodejs.org/api/errors.html) and undici that mean: it was cut off and may hold the next time. */
const cutOff = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH']);
const timedOut = new Set(['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);
const unreachable = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'EHOSTDOWN']);

/** @param error what undici, the socket, the resolver or the decoder threw while `host` was read */
export function asPageFault(error: unknown, host: string): PageFault {
  if (error instanceof PageFault) return error;
  const code = codeOf(error);
  const fault = (kind: 'unreachable' | 'timeout' | 'dns' | 'not_html', what: string, retryable = false) =>
    new PageFault(kind, `${host} ${what}`, { retryable, cause: error });
  if (cutOff.has(code)) return fault('unreachable', 'cut the connection. Try again later.', true);
  if (timedOut.has(code)) return fault('timeout', 'did not answer in time. Try again later.', true);
  if (code === 'EAI_AGAIN') return fault('dns', 'could not be looked up just now. Try again later.', true);
  if (code === 'ENOTFOUND') return fault('dns', 'is not a known host name. Check the spelling of the URL.');
  if (unreachable.has(code)) return fault('unreachable', 'takes no connection. Check the URL and its port.');
  if (/CERT|TLS|SSL|SELF_SIGNED|ISSUER/.test(code)) {
    return fault(
      'unreachable',
      `could not prove who it is (${code}). Its certificate has to be put right, or use another page.`,
    );
  }
  if (/^(Z_|ERR_BROTLI|ERR__ERROR|ZSTD_|ERR_ZSTD)/.test(code)) {
    return fault('not_html', 'sent a compressed body that cannot be unpacked. Use another page.');
  }
  return fault('unreachable', `could not be read (${code === '' ? 'unexpected error' : code}). Use another page.`);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
