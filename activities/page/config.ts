// The environment keys of the page fetcher.
import { z } from 'zod';

export const pageEnvironment = z.object({
  /** Origins separated by commas or spaces; here as a list, each as `URL.origin` writes it. */
  PAGE_ALLOW: z
    .string()
    .default('')
    .transform((text, context) =>
      words(text).map((word) => {
        const origin = asOrigin(word);
        if (origin === undefined)
          context.addIssue(`"${word}" is not an origin; write scheme://host:port, as http://127.0.0.1:9000`);
        return origin ?? '';
      }),
    ),
  /** Ports besides 80 and 443 that any public host may be asked on. */
  PAGE_PORTS: z
    .string()
    .default('')
    .transform(words)
    .pipe(z.array(z.coerce.number<string>().int().min(1).max(65_535))),
});

function words(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean);
}

/** Nothing but an origin: a path, a wildcard or a name and password would promise a rule that nobody keeps. */
function asOrigin(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname.includes('*')) return undefined;
  return url.href === `${url.origin}/` ? url.origin : undefined;
}
