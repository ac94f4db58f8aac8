// What a tool server answers to a call, as a text for a model.
import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/sdk/types.js';

/** What is no text is told of, not shown: it would be megabytes of base64. */
export function textOf({ content, structuredContent }: Pick<CallToolResult, 'content' | 'structuredContent'>): string {
  const text = content.map(blockText).join('\n');
  if (text !== '') return text;
  return structuredContent === undefined ? 'Done.' : JSON.stringify(structuredContent);
}

function blockText(block: ContentBlock): string {
  switch (block.type) {
    case 'text':
      return block.text;
    case 'image':
    case 'audio':
      return `[${block.type}, ${block.mimeType}, ${bytesIn(block.data)} bytes: not shown]`;
    case 'resource_link':
      return `[link: ${block.title ?? block.name}, ${block.uri}]`;
    case 'resource': {
      const { resource } = block;
      if ('text' in resource) return resource.text;
      return `[resource ${resource.uri}, ${resource.mimeType ?? 'of no type'}, ${bytesIn(resource.blob)} bytes: not shown]`;
    }
  }
}

const bytesIn = (base64: string): number => Math.floor((base64.replace(/=+$/, '').length * 3) / 4);
