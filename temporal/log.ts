// What this folder tells whoever starts it, one line at a time; a pino logger is one.

export interface Log {
  info(line: string): void;
  warn(line: string): void;
  /** The server's own lines: JSON, its warnings and errors. */
  debug?(line: string): void;
}
