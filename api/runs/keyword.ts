// Any text as a search attribute, and back: workflows/keyword.ts says how it is stored.
import { stored } from '../../workflows/keyword.ts';

export { stored };

/** The most characters that a Keyword may have. */
export const maxKeyword = 255;

export const shown = (keyword: string): string =>
  keyword.replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

/** As a literal of a visibility query. What `stored` leaves holds nothing that could end it. */
export const literal = (text: string): string => `'${stored(text)}'`;

/** Whether Temporal can hold it: no NUL, no half of a surrogate pair. */
export const isText = (text: string): boolean => text.isWellFormed() && !text.includes('\u0000');
