// What a person would read of an HTML document: its title and the text of its body.
// The slim build: the full one brings a second HTTP client, and a thread would take half a second more to start.
import { load } from 'cheerio/slim';
import { adapter, type Htmlparser2TreeAdapterMap } from 'parse5-htmlparser2-tree-adapter';
import { parseHtml, TreeTooLarge } from './tree.ts';

type Node = Htmlparser2TreeAdapterMap['node'];

export type Reading =
  | { kind: 'text'; title: string; text: string }
  | { kind: 'no_body' }
  /** `why` goes on after "The page is too large to be read: ". */
  | { kind: 'too_large'; why: string };

/** Elements whose content is no text of the page, or is shown only when something else is not. */
const unread = new Set(['script', 'style', 'template', 'noscript', 'iframe', 'noembed', 'noframes']);

const maxTitle = 300;

/** @param html the document's source */
export function readDocument(html: string): Reading {
  try {
    const { tree, hasBody } = parseHtml(html);
    const $ = load(tree);
    const body = $('body').get(0);
    if (!hasBody || body === undefined) return { kind: 'no_body' };
    // Not a picture's: <title> inside <svg> names a drawing.
    const title = $('title').not('svg title').first().text();
    return { kind: 'text', title: collapsed(title).slice(0, maxTitle), text: texts(body).join(' | ') };
  } catch (error) {
    if (error instanceof TreeTooLarge) return { kind: 'too_large', why: error.message };
    throw error;
  }
}

/** Text nodes in order of the document, the empty ones left out. Without recursion: a page decides how deep it is. */
function texts(root: Node): string[] {
  const found: string[] = [];
  const stack: Node[] = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (adapter.isTextNode(node)) found.push(collapsed(node.data));
    else if (adapter.isElementNode(node) && !unread.has(node.name))
      for (const child of node.children.toReversed()) stack.push(child);
  }
  return found.filter((text) => text !== '');
}

const collapsed = (text: string): string => text.replace(/\s+/g, ' ').trim();
