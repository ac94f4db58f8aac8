// A fetched web page as workflows see it.

export interface PageRequest {
  url: string;
}

export interface Page {
  /** The address after redirects. */
  url: string;
  status: number;
  title: string;
  /** Text of <body>, parts joined with " | "; without script, style, template and noscript text. */
  text: string;
  /** Length of `text` in UTF-16 code units. */
  chars: number;
}
