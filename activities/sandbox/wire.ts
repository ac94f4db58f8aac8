// What goes over the pipes of a sandbox. What comes back is only as trustworthy as the program: sizes are checked here,
// shapes in answer.ts.

/** In the runner's letters. */
export type FrameKind = 'W' | 'O' | 'E' | 'R' | 'X';

const header = 5;
/** Of one frame: the runner hands on pieces of 64 KiB. */
const largest = 128 * 1024;

/** One message to the runner: its length, then itself. */
export function message(value: unknown): Buffer[] {
  const payload = Buffer.from(JSON.stringify(value));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(payload.length);
  return [length, payload];
}

/** Takes bytes as they come, tells each frame that is whole. Gives false when it is none of ours. */
export function createFrameReader(onFrame: (kind: FrameKind, payload: Buffer) => void): (bytes: Buffer) => boolean {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    while (rest.length >= header) {
      const kind = kindOf(rest[0] ?? 0);
      const end = header + rest.readUInt32BE(1);
      if (kind === undefined || end > header + largest) return false;
      if (rest.length < end) break;
      onFrame(kind, rest.subarray(header, end));
      rest = rest.subarray(end);
    }
    return true;
  };
}

function kindOf(byte: number): FrameKind | undefined {
  const letter = String.fromCharCode(byte);
  return kinds.find((kind) => kind === letter);
}

const kinds: FrameKind[] = ['W', 'O', 'E', 'R', 'X'];
