// Looks something up in a small knowledge base: Markdown files, those of WAYMARK_DATA/knowledge if there are any.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { tool } from './tool.ts';

const shipped = fileURLToPath(new URL('./knowledge/', import.meta.url));
const mostFound = 3;
const mostChars = 2000;

export const search_knowledge = tool({
  name: 'search_knowledge',
  description: 'Searches the knowledge base (demo articles of a support desk, or your own) and returns what fits best.',
  input: z.strictObject({ query: z.string() }),
  effect: 'none',
  approval: 'never',
  async run({ query }, { data }) {
    const own = await sections(join(data, 'knowledge'));
    const found = best(query, own.length > 0 ? own : await sections(shipped));
    return found.length > 0 ? { found } : 'Nothing in the knowledge base fits.';
  },
});

interface Section {
  article: string;
  title: string;
  text: string;
}

/** None when there is no such folder. */
async function sections(folder: string): Promise<Section[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.md')).toSorted();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.flatMap((text, i) => sectionsOf(names[i] ?? '', text));
}

const sectionsOf = (article: string, text: string): Section[] =>
  text
    .split(/^(?=#{1,3} )/m)
    .map((part) => ({ article, title: /^#+ (.*)/.exec(part)?.[1] ?? article, text: part.trim().slice(0, mostChars) }))
    .filter(({ text: part }) => part !== '');

/** Words count the more, the fewer sections have them; in a title twice. */
function best(query: string, all: Section[]): Section[] {
  const asked = [...words(query)].slice(0, 50);
  const known = all.map((section) => ({ section, has: words(section.text), heads: words(section.title) }));
  const weight = new Map(
    asked.map((word) => [word, Math.log(1 + all.length / (1 + known.filter(({ has }) => has.has(word)).length))]),
  );
  return known
    .map(({ section, has, heads }) => ({
      section,
      score: asked.reduce(
        (sum, word) => sum + (has.has(word) ? (weight.get(word) ?? 0) * (heads.has(word) ? 2 : 1) : 0),
        0,
      ),
    }))
    .filter(({ score }) => score > 0)
    .toSorted((a, b) => b.score - a.score)
    .slice(0, mostFound)
    .map(({ section }) => section);
}

const words = (text: string): Set<string> =>
  new Set((text.toLowerCase().match(/\p{L}{3,}|\d+/gu) ?? []).map((word) => word.replace(/(?<=\p{L}{3})s$/u, '')));
