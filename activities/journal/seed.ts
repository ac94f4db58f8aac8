// The seed from which a timeline's random numbers come.

/**
 * sdk-core seeds a run's random numbers with the hash of its Run Id: Rust's DefaultHasher of a `str`, which is SipHash-1-3
 * with zero keys over the text and one byte 0xff, little endian.
 * https://github.com/temporalio/sdk-core/blob/main/crates/sdk-core/src/worker/workflow/workflow_stream.rs,
 * https://www.aumasson.jp/siphash/siphash.pdf
 */
export function seedOf(timeline: string): number[] {
  const message = Buffer.concat([Buffer.from(timeline), Buffer.from([0xff])]);
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(sipHash13(message));
  return [...out];
}

const mask = (1n << 64n) - 1n;
const rotate = (x: bigint, by: bigint) => ((x << by) | (x >> (64n - by))) & mask;

function sipHash13(message: Buffer): bigint {
  let [a, b, c, d] = [0x736f6d6570736575n, 0x646f72616e646f6dn, 0x6c7967656e657261n, 0x7465646279746573n];
  const round = () => {
    a = (a + b) & mask;
    b = rotate(b, 13n) ^ a;
    a = rotate(a, 32n);
    c = (c + d) & mask;
    d = rotate(d, 16n) ^ c;
    a = (a + d) & mask;
    d = rotate(d, 21n) ^ a;
    c = (c + b) & mask;
    b = rotate(b, 17n) ^ c;
    c = rotate(c, 32n);
  };
  const mix = (word: bigint) => {
    d ^= word;
    round();
    a ^= word;
  };
  let at = 0;
  for (; at + 8 <= message.length; at += 8) mix(message.readBigUInt64LE(at));
  let last = BigInt(message.length & 0xff) << 56n;
  for (let i = 0; at + i < message.length; i++) last |= BigInt(message[at + i]!) << BigInt(8 * i);
  mix(last);
  c ^= 0xffn;
  round();
  round();
  round();
  return a ^ b ^ c ^ d;
}
