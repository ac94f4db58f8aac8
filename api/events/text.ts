// A text that grows by small pieces and is read from near its end: appending never copies it.

export interface GrowingText {
  readonly length: number;
  append(piece: string): void;
  /** From character `offset` (UTF-16 code units) to the end. */
  from(offset: number): string;
}

export function growingText(begin = ''): GrowingText {
  const pieces = begin === '' ? [] : [begin];
  let length = begin.length;
  return {
    get length() {
      return length;
    },
    append(piece) {
      if (piece === '') return;
      pieces.push(piece);
      length += piece.length;
    },
    from(offset) {
      let start = length;
      let first = pieces.length;
      while (first > 0 && start > offset) start -= pieces[--first]!.length;
      return pieces
        .slice(first)
        .join('')
        .slice(Math.max(0, offset - start));
    },
  };
}
