// The client's parser of server-sent events follows the standard, wherever the network cuts the bytes.
import { expect, test } from 'vitest';
import { createSseParser, type ServerSent } from '../client/index.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function parse(...chunks: (string | Uint8Array)[]): ServerSent[] {
  const parser = createSseParser();
  return chunks.flatMap((chunk) => parser.take(typeof chunk === 'string' ? bytesOf(chunk) : chunk));
}

const message = (data: string, id = '', event = 'message') => ({ data, id, event });

// https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
test('the examples of the standard are read as it says', () => {
  expect(parse('data: YHOO\ndata: +2\ndata: 10\n\n')).toEqual([message('YHOO\n+2\n10')]);
  expect(parse(': test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n')).toEqual([
    message('first event', '1'),
    message('second event'),
  ]);
  expect(parse('data\n\ndata\ndata\n\ndata:')).toEqual([message(''), message('\n')]);
  expect(parse('data:test\n\ndata: test\n\n')).toEqual([message('test'), message('test')]);
});

test('CR, LF and CRLF end a line, also when a chunk ends between CR and LF', () => {
  const same = [message('a\nb', '7'), message('c', '7')];
  for (const end of ['\n', '\r', '\r\n']) {
    expect(parse(['id: 7', 'data: a', 'data: b', '', 'data: c', '', ''].join(end))).toEqual(same);
  }
  expect(parse('data: a\r', '\ndata: b\r', '\n\r', '\n')).toEqual([message('a\nb')]);
  expect(parse('data: a\r', '\rdata: b\r\r')).toEqual([message('a'), message('b')]);
  expect(parse('data: a\r', '', '\n\r\n')).toEqual([message('a')]);
});

test('a byte order mark is left out at the beginning alone', () => {
  expect(parse('\uFEFFdata: a\n\ndata: \uFEFFb\n\n')).toEqual([message('a'), message('\uFEFFb')]);
  expect(parse('\uFEFF\uFEFFdata: a\n\n')).toEqual([]);
});

test('the id stays until another one comes, is emptied by an empty one, and never has NUL', () => {
  expect(parse('id: 1\ndata: a\n\ndata: b\n\nid: x\0y\ndata: c\n\nid\ndata: d\n\n')).toEqual([
    message('a', '1'),
    message('b', '1'),
    message('c', '1'),
    message('d'),
  ]);
});

test('events without data are none, unknown fields are ignored, and retry takes digits only', () => {
  const parser = createSseParser();
  const take = (text: string) => parser.take(bytesOf(text));
  expect(take('event: lonely\n\nevent: named\nfoo: bar\ndata: x\n\n')).toEqual([message('x', '', 'named')]);
  expect(parser.retry()).toBeUndefined();
  take('retry: 1500\n\n');
  expect(parser.retry()).toBe(1500);
  take('retry: 1e3\nretry: -1\nretry:\n\n');
  expect(parser.retry()).toBe(1500);
});

const long = [
  '\uFEFF: ping\r\n\r\n',
  'id: AXxv\r\nevent: content_delta\r\ndata: {"content":"Grüße, 世界 🌍","step":"1"}\r\n\r\n',
  'id: AXxw\nevent: content_delta\ndata: {"content":\ndata: "two lines"}\n\n',
  'retry: 20\rid: AXxx\revent: run_completed\rdata: {"response":"é"}\r\r',
  'data: never ended',
].join('');

test('cut in two at every byte, the events are the same', () => {
  const bytes = bytesOf(long);
  const whole = parse(bytes);
  expect(whole.map(({ id }) => id)).toEqual(['AXxv', 'AXxw', 'AXxx']);
  for (let at = 0; at <= bytes.length; at++) {
    expect(parse(bytes.subarray(0, at), bytes.subarray(at)), `cut at ${at}`).toEqual(whole);
  }
  expect(parse(...Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(whole);
});

/** https://en.wikipedia.org/wiki/Linear_congruential_generator with the numbers of Numerical Recipes */
function* numbers(seed: number): Generator<number, never> {
  for (let at = seed >>> 0; ; at = (Math.imul(at, 1664525) + 1013904223) >>> 0) yield at / 2 ** 32;
}

test('streams of random fields and line ends, cut at random, are read as uncut', () => {
  const pieces = ['data: ', 'data:', 'id: ', 'event', ':', ' ', '\r', '\n', '\r\n', 'é', '🌍', 'x', '\n\n', 'retry: 5'];
  for (let seed = 1; seed <= 300; seed++) {
    const random = numbers(seed);
    const next = (below: number): number => Math.floor(random.next().value * below);
    const bytes = bytesOf(Array.from({ length: 60 }, () => pieces[next(pieces.length)]).join(''));
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < bytes.length;) chunks.push(bytes.subarray(at, (at += next(6))));
    expect(parse(...chunks), `seed ${seed}`).toEqual(parse(bytes));
  }
});
