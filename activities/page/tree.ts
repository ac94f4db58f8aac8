// From HTML to the tree that cheerio reads: notes whether the source has <body>, and stops at trees no page needs.
import { parse, type TreeAdapter } from 'parse5';
import { adapter as standard, type Htmlparser2TreeAdapterMap } from 'parse5-htmlparser2-tree-adapter';

export type Tree = Htmlparser2TreeAdapterMap['document'];

/** Elements inside one another. Browsers stop at 512; every level makes each further element dearer to place. */
const maxDepth = 2_000;
/** Elements and comments in all. 5 MB of dense HTML have about 300,000; each costs about 1 KB. */
const maxNodes = 500_000;

/** Thrown out of the parser. */
export class TreeTooLarge extends Error {
  override readonly name = 'TreeTooLarge';
}

/**
 * HTML lets authors leave <body> out, and the parser puts it into every tree. Where it stood in the source is told by
 * its source location, or by its attributes being moved to the element that was there before it.
 *
 * @throws TreeTooLarge
 */
export function parseHtml(html: string): { tree: Tree; hasBody: boolean } {
  let depth = 0;
  let nodes = 0;
  let hasBody = false;
  const count = () => {
    if (++nodes > maxNodes) throw new TreeTooLarge(`it has more than ${maxNodes.toLocaleString('en')} elements`);
  };
  const treeAdapter: TreeAdapter<Htmlparser2TreeAdapterMap> = {
    ...standard,
    createElement(...args) {
      count();
      return standard.createElement(...args);
    },
    createCommentNode(data) {
      count();
      return standard.createCommentNode(data);
    },
    onItemPush() {
      if (++depth > maxDepth)
        throw new TreeTooLarge(`its elements are nested deeper than ${maxDepth.toLocaleString('en')}`);
    },
    onItemPop() {
      depth--;
    },
    // Locations are looked at and not kept: they would double the tree's memory.
    setNodeSourceCodeLocation(node, location) {
      if (location !== null && standard.isElementNode(node) && node.name === 'body') hasBody = true;
    },
    adoptAttributes(recipient, attributes) {
      if (recipient.name === 'body') hasBody = true;
      standard.adoptAttributes(recipient, attributes);
    },
  };
  const tree = parse(html, { treeAdapter, sourceCodeLocationInfo: true });
  return { tree, hasBody };
}
