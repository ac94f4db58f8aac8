// The progress of a task over a WebSocket: its whole log from the beginning, then every change, and a sign of life.
import { WebSocket } from 'ws';
import { isAbsent } from '../../absent.ts';
import type { Core } from '../../deps.ts';
import { ApiError } from '../../errors.ts';
import { nap } from '../../nap.ts';
import { type Activity, isOver, messageOf } from './activity.ts';
import { type Log, progressOf } from './log.ts';
import type { Watch, Watches } from './watch.ts';

interface Message {
  status: string;
  progress: number | null;
  message: string | null;
}

/** Clients count on hearing something every second. */
const silentMs = 800;
/** One that takes nothing for so long has gone, in ms. */
const stallMs = 15_000;
/** https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1, and "try again later" of IANA's registry. */
const closeCode = { done: 1000, tryAgain: 1013 };

/** Settles when the socket is done with; never rejects. */
export async function sendProgress(deps: Core, watches: Watches, id: string, socket: WebSocket): Promise<void> {
  let watch: Watch;
  try {
    watch = await watches.join(id);
  } catch (error) {
    return refuse(deps, socket, error);
  }
  const gone = new AbortController();
  socket.on('close', () => gone.abort());
  socket.on('error', () => gone.abort());
  try {
    await sendAll(socket, watch, gone.signal);
    socket.close(closeCode.done);
  } catch {
    socket.terminate();
  } finally {
    watch.leave();
  }
}

async function sendAll(socket: WebSocket, watch: Watch, gone: AbortSignal): Promise<void> {
  let sent = 0;
  let last = '';
  let since = performance.now();
  while (!gone.aborted && socket.readyState === WebSocket.OPEN) {
    // Heard from before it is looked at: nothing can change unheard.
    const read = watch.heard();
    const activity = watch.now();
    const news = messagesOf(activity, sent, last);
    sent = activity.logs.length;
    if (news.length === 0 && performance.now() - since >= silentMs) news.push(last);
    for (const message of news) {
      await send(socket, message);
      since = performance.now();
      last = message;
    }
    if (isOver(activity)) return;
    await Promise.race([read, nap(Math.max(since + silentMs - performance.now(), 1), gone)]);
  }
}

/** What was not sent yet: of each new entry of the log what was so then, and what is so now. */
function messagesOf(activity: Activity, sent: number, last: string): string[] {
  const { logs, status, progress } = activity;
  const told = logs
    .slice(sent)
    .map((log, i) => textOf(log.status, log.message, progressOf(logs.slice(0, sent + i + 1))));
  const now = textOf(status, messageOf(activity), progress);
  return (told.at(-1) ?? last) === now ? told : [...told, now];
}

const textOf = (status: Log['status'], message: string | null, progress: number | null): string =>
  JSON.stringify({ status, progress, message } satisfies Message);

/** Settles when the message has left this process, so that nothing queues up here. */
async function send(socket: WebSocket, message: string): Promise<void> {
  const sent = Promise.withResolvers<void>();
  const late = setTimeout(() => sent.reject(new Error('It takes nothing.')), stallMs);
  socket.send(message, (error) => (error ? sent.reject(error) : sent.resolve()));
  try {
    await sent.promise;
  } finally {
    clearTimeout(late);
  }
}

function refuse(deps: Core, socket: WebSocket, error: unknown): void {
  const close = (told: string, code: number) => socket.send(JSON.stringify({ error: told }), () => socket.close(code));
  if (isAbsent(error)) return close('Task not found', closeCode.done);
  if (error instanceof ApiError) return close(error.message, closeCode.tryAgain);
  deps.log.error({ err: error }, 'The task of a WebSocket cannot be read.');
  close('Internal server error', closeCode.tryAgain);
}
