// A message and what becomes of it: sent, followed to its end over connections that break, stopped.
import { service } from './service.js';
import { addressWithKey, withKey } from './key.js';

const againMs = 2000;

/** An answer that was no success. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function ask(path, options = {}) {
  const headers = withKey({ accept: 'application/json', ...options.headers });
  const answer = await fetch(service + path, { credentials: 'include', ...options, headers });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, inWords(body.detail) ?? `${answer.status} ${answer.statusText}`);
  return body;
}

const inWords = (detail) =>
  Array.isArray(detail) ? detail.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`).join('; ') : detail;

/** Gives its id. */
export async function send(message) {
  const headers = { 'content-type': 'application/json' };
  return (await ask('/message', { method: 'POST', headers, body: JSON.stringify(message) })).messageId;
}

export const readRun = (id) => ask(`/api/runs/${encodeURIComponent(id)}`);

export const stop = (id) => ask(`/api/runs/${encodeURIComponent(id)}/cancel`, { method: 'POST' });

const isLast = ({ type }) => type === 'result' || /_(FAILED|CANCELLED|TIMED_OUT)$/.test(type);

/**
 * Calls `told` with each event, again from the first one on whenever the connection had broken, and `lost` then. Settles
 * with the last event.
 */
export function follow(id, { told, lost }) {
  return new Promise((resolve, reject) => {
    const comeBack = async () => {
      try {
        await readRun(id);
      } catch (error) {
        if (error.status >= 400 && error.status < 500) return reject(error);
      }
      setTimeout(open, againMs);
    };
    const open = () => {
      const source = new EventSource(addressWithKey(`${service}/message/${encodeURIComponent(id)}`), {
        withCredentials: true,
      });
      source.addEventListener('message', ({ data }) => {
        const event = JSON.parse(data);
        told(event);
        if (!isLast(event)) return;
        source.close();
        resolve(event);
      });
      source.addEventListener('error', () => {
        lost();
        // Else it comes back by itself.
        if (source.readyState === EventSource.CLOSED) void comeBack();
      });
    };
    open();
  });
}
