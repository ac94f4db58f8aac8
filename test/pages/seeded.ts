// Random numbers that are the same in every run, and spellings of IPv4 addresses made with them.

export interface Random {
  /** 0 ≤ n < limit */
  below(limit: number): number;
}

/** mulberry32: small, and random enough to choose test cases. */
export function seeded(seed: number): Random {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { below: (limit) => Math.floor(next() * limit) };
}

/** One to four parts, each decimal, octal or hexadecimal, its characters plain, escaped or full-width. */
export function spelled(value: number, random: Random): string {
  const parts = 1 + random.below(4);
  const octets = [24, 16, 8, 0].map((shift) => (value >>> shift) & 255);
  const last = octets.slice(parts - 1).reduce((sum, octet) => sum * 256 + octet, 0);
  const numbers = [...octets.slice(0, parts - 1), last].map((part) => radix(part, random));
  const dots = numbers.join(['.', '。', '．', '%2e'][random.below(4)]);
  return dressed(random.below(4) === 0 ? `${dots}.` : dots, random);
}

function radix(part: number, random: Random): string {
  const zeros = '0'.repeat(random.below(3));
  return [
    String(part),
    `0${zeros}${part.toString(8)}`,
    `0x${zeros}${part.toString(16)}`,
    `0X${part.toString(16).toUpperCase()}`,
  ][random.below(4)]!;
}

function dressed(host: string, random: Random): string {
  const dress = random.below(3);
  if (dress === 0) return host;
  return host.replace(/(?<!%[0-9a-f]?)[0-9]/gi, (digit) => {
    if (random.below(2) === 0) return digit;
    return dress === 1 ? `%3${digit}` : String.fromCodePoint(0xff10 + Number(digit));
  });
}
