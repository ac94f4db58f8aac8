// Any text as a search attribute. Temporal's SQL visibility cannot compare some characters (quotes, backslashes,
// controls), so these are stored as %XX and turned back when they are shown.

/** An apostrophe inside a text is compared rightly, at its ends it is lost: it is always stored as %27. */
// oxlint-disable-next-line no-control-regex
const unsafe = /[\u0000-\u001f\u007f"'\\]/g;

const percent = (char: string): string => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;

/** The text as it is stored. A % that reads like one of ours is stored as %25. */
export const stored = (text: string): string => text.replace(/%(?=[0-9A-F]{2})/g, '%25').replace(unsafe, percent);
