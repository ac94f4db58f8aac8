// Frames over a WebSocket: one JSON text message each.
import type { WebSocket } from 'ws';
import { isTerminal, type Frame } from './event.ts';
import type { Subscription } from './streams.ts';

const pingMs = 15_000;
/** Normal closure, and "try again later": https://www.iana.org/assignments/websocket/websocket.xhtml#close-code-number */
const closeCode = { done: 1000, tryAgain: 1013 };

/** One encoded message for all viewers who are sent the same frame. */
const messages = new WeakMap<Frame, string>();

export function socketMessage({ id, type, timestamp, data }: Frame): string {
  return JSON.stringify({ id, type, timestamp, data });
}

export interface SocketOptions {
  pingMs?: number;
  /** The doors have their own forms. Null: the frame is not sent. */
  encode?: (frame: Frame) => string | null;
}

/**
 * Sends the stream, closes the socket with 1000 after the terminal event, and with 1013 when the stream broke off: the
 * client may come back with the last id. Settles when the socket is done with; never rejects.
 */
export async function sendFrames(
  socket: WebSocket,
  subscription: Subscription,
  options: SocketOptions = {},
): Promise<void> {
  const { encode = encodeOnce } = options;
  const pings = setInterval(() => socket.ping(), options.pingMs ?? pingMs);
  const leave = () => subscription.close();
  socket.on('close', leave);
  socket.on('error', leave);
  // A socket that takes nothing has no use for a closing handshake.
  subscription.cut.addEventListener('abort', () => socket.terminate());
  try {
    let last: Frame | undefined;
    for await (const frame of subscription) {
      const message = encode(frame);
      if (message !== null) await send(socket, message);
      last = frame;
    }
    socket.close(isEnd(last) ? closeCode.done : closeCode.tryAgain);
  } catch {
    socket.close(closeCode.tryAgain);
  } finally {
    clearInterval(pings);
    leave();
  }
}

const isEnd = (frame: Frame | undefined): boolean => frame !== undefined && isTerminal(frame.type);

function encodeOnce(frame: Frame): string {
  const known = messages.get(frame);
  if (known !== undefined) return known;
  const message = socketMessage(frame);
  messages.set(frame, message);
  return message;
}

/** Settles when the message has left this process, so that nothing queues up here. */
function send(socket: WebSocket, message: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(message, (error) => (error ? reject(error) : resolve()));
  });
}
