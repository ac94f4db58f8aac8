// Reads server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation

/** An event as it was sent. `id`: the last one that the stream has named, not necessarily with this event. */
export interface ServerSent {
  event: string;
  data: string;
  id: string;
}

export interface SseParser {
  /** The events that are complete with this chunk. */
  take(chunk: Uint8Array): ServerSent[];
  /** What the server said how long to wait before coming back, in ms. */
  retry(): number | undefined;
}

/** Chunks may be cut anywhere, also within a character or between CR and LF. What is not ended by an empty line is no event. */
export function createSseParser(): SseParser {
  // It leaves the byte order mark out, as a stream's first character.
  const decoder = new TextDecoder();
  let line = '';
  let afterReturn = false;
  let event = '';
  let data: string[] = [];
  let id = '';
  let retry: number | undefined;

  const dispatch = (): ServerSent | undefined => {
    const ready = data.length > 0 ? { event: event || 'message', data: data.join('\n'), id } : undefined;
    event = '';
    data = [];
    return ready;
  };

  const field = (name: string, value: string): void => {
    if (name === 'event') event = value;
    else if (name === 'data') data.push(value);
    else if (name === 'id' && !value.includes('\0')) id = value;
    else if (name === 'retry' && /^[0-9]+$/.test(value)) retry = Number(value);
  };

  const endLine = (): ServerSent | undefined => {
    const text = line;
    line = '';
    if (text === '') return dispatch();
    const colon = text.indexOf(':');
    if (colon === -1) field(text, '');
    else if (colon > 0) field(text.slice(0, colon), text.slice(text[colon + 1] === ' ' ? colon + 2 : colon + 1));
    return undefined;
  };

  return {
    take(chunk) {
      const text = decoder.decode(chunk, { stream: true });
      const ready: ServerSent[] = [];
      let from = afterReturn && text.startsWith('\n') ? 1 : 0;
      if (text !== '') afterReturn = text.endsWith('\r');
      const ends = /\r\n|\r|\n/g;
      ends.lastIndex = from;
      for (let end = ends.exec(text); end; end = ends.exec(text)) {
        line += text.slice(from, end.index);
        from = ends.lastIndex;
        const complete = endLine();
        if (complete) ready.push(complete);
      }
      line += text.slice(from);
      return ready;
    },
    retry: () => retry,
  };
}
