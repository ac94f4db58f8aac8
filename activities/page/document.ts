// What a person would read of an HTML document: its title and the text of its body.
import { Tokenizer } from 'htmlparser2';

export type Reading =
  | { kind: 'text'; title: string; text: string }
  /** The source has no <body> tag. HTML lets authors leave it out; here it is what tells a page from anything else. */
  | { kind: 'no_body' };

/** Elements whose content is no text of the page, or is shown only when something else is not. */
const unreadElements = new Set(['script', 'style', 'template', 'noscript', 'iframe', 'noembed', 'noframes']);

/** In UTF-16 code units. */
const maxTitle = 300;

/**
 * Reads tokens and builds no tree: a tree of 5 MB takes half a gigabyte, and its making takes a time that grows with the
 * square of what a hostile page nests. This is linear in `html`, whatever it holds.
 */
export function readDocument(html: string): Reading {
  const reader = createDocumentReader();
  const lower = (start: number, end: number) => html.slice(start, end).toLowerCase();
  const ignore = () => undefined;
  let tag = '';
  const tokenizer = new Tokenizer(
    { recognizeSelfClosing: true },
    {
      onopentagname(start, end) {
        tag = lower(start, end);
      },
      onopentagend: () => reader.open(tag),
      onselfclosingtag: () => (tag === 'body' ? reader.open(tag) : reader.boundary()),
      onclosetag: (start, end) => reader.close(lower(start, end)),
      ontext: (start, end) => reader.write(html.slice(start, end)),
      ontextentity: (codePoint) => reader.write(String.fromCodePoint(codePoint)),
      oncomment: () => reader.boundary(),
      oncdata: () => reader.boundary(),
      ondeclaration: ignore,
      onprocessinginstruction: ignore,
      onattribname: ignore,
      onattribdata: ignore,
      onattribentity: ignore,
      onattribend: ignore,
      onend: () => reader.boundary(),
    },
  );
  tokenizer.write(html);
  tokenizer.end();
  return reader.result();
}

/** Where in the document the tokens stand, as far as that decides what is read. */
function createDocumentReader() {
  let title: string | undefined;
  const texts: string[] = [];
  /** The text node that is being written. */
  let text = '';
  let inBody = false;
  let inTitle = false;
  /** Inside how many drawings: a <title> there names the drawing. */
  let drawings = 0;
  /** The unread element around us, and how many of its name are open inside one another. */
  let unread: { name: string; depth: number } | undefined;

  /** A text node ends. */
  function boundary(): void {
    const read = text.replaceAll(/\s+/g, ' ').trim();
    text = '';
    if (inTitle) title = read;
    else if (read !== '') texts.push(read);
  }

  return {
    boundary,
    write(part: string): void {
      if (unread === undefined && (inBody || inTitle)) text += part;
    },
    open(name: string): void {
      boundary();
      if (unread !== undefined) unread.depth += unread.name === name ? 1 : 0;
      else if (unreadElements.has(name)) unread = { name, depth: 1 };
      else if (name === 'body') inBody = true;
      else if (name === 'svg') drawings++;
      else if (name === 'title') inTitle = title === undefined && drawings === 0;
    },
    close(name: string): void {
      boundary();
      if (unread !== undefined) {
        unread.depth -= unread.name === name ? 1 : 0;
        if (unread.depth === 0) unread = undefined;
      } else if (name === 'svg') drawings = Math.max(drawings - 1, 0);
      else if (name === 'title') inTitle = false;
    },
    result(): Reading {
      if (!inBody) return { kind: 'no_body' };
      return { kind: 'text', title: (title ?? '').slice(0, maxTitle), text: texts.join(' | ') };
    },
  };
}
