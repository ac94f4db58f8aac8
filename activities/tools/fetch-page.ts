// Reads a web page, through the guarded fetcher.
import { z } from 'zod';
import { tool } from './tool.ts';

/** Of a page's text, in characters: about 10,000 tokens. */
const most = 40_000;

export const fetch_page = tool({
  name: 'fetch_page',
  description: 'Fetches a web page and returns its title and its text.',
  input: z.strictObject({ url: z.string().describe('http or https.') }),
  effect: 'none',
  approval: 'never',
  async run({ url }, { fetchPage }) {
    const page = await fetchPage({ url });
    const cut = page.chars > most ? { cut_after: most } : {};
    return { url: page.url, title: page.title, text: page.text.slice(0, most), ...cut };
  },
});
