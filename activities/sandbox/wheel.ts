// pip itself, for a Python that has none: its own wheel from the package index, known by its hash.
// The index: https://packaging.python.org/en/latest/specifications/simple-repository-api/
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EnvHttpProxyAgent, fetch, type Response } from 'undici';

export interface Wheel {
  project: string;
  file: string;
  sha256: string;
}

/** Runs on CPython 3.10 and newer, straight out of the file. */
export const pipWheel: Wheel = {
  project: 'pip',
  file: 'pip-26.3-py3-none-any.whl',
  sha256: 'f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13',
};

export interface Bounds {
  /** Of each answer. */
  bytes: number;
  /** For all together. */
  ms: number;
}

const usual: Bounds = { bytes: 16 * 1024 * 1024, ms: 120_000 };

/** Why there is no wheel, as the end of a sentence. */
export class WheelFault extends Error {
  override readonly name = 'WheelFault';
}

/** Gives the path of the file, in `folder`. @throws WheelFault; the signal's reason */
export async function fetchWheel(
  wheel: Wheel,
  index: string,
  folder: string,
  signal: AbortSignal,
  { bytes, ms }: Bounds = usual,
): Promise<string> {
  const end = AbortSignal.any([signal, AbortSignal.timeout(ms)]);
  // Proxies as the environment has them.
  const dispatcher = new EnvHttpProxyAgent();
  const get = (address: Address) => download(address, dispatcher, bytes, end);
  try {
    const page = await get(pageOf(wheel, index));
    const file = await get(linkTo(wheel, page));
    const sha256 = createHash('sha256').update(file.body).digest('hex');
    if (sha256 !== wheel.sha256) throw new WheelFault(`${file.at.host} gave another file (sha256 ${sha256})`);
    const path = join(folder, wheel.file);
    await mkdir(folder, { recursive: true });
    await writeFile(path, file.body);
    return path;
  } catch (error) {
    signal.throwIfAborted();
    if (end.aborted) throw new WheelFault(`it did not come within ${ms / 1000} s`, { cause: error });
    throw error;
  } finally {
    await dispatcher.destroy();
  }
}

interface Address {
  /** Without the name and password that it may come with: those are not for messages, nor for other hosts. */
  url: URL;
  authorization?: string;
}

interface Downloaded {
  at: URL;
  authorization?: string;
  body: Buffer;
}

function pageOf({ project }: Wheel, index: string): Address {
  const url = URL.parse(`${index.replace(/\/+$/, '')}/${project}/`);
  if (!url || !/^https?:$/.test(url.protocol)) throw new WheelFault('the index is no address of http or https');
  const { username, password } = url;
  url.username = url.password = '';
  const key = [username, password].map(decodeURIComponent).join(':');
  return key === ':' ? { url } : { url, authorization: `Basic ${Buffer.from(key).toString('base64')}` };
}

function linkTo({ file }: Wheel, { at, authorization, body }: Downloaded): Address {
  const links = body.toString().matchAll(/<a\s[^>]*?href\s*=\s*["']([^"']+)["']/gi);
  for (const [, href = ''] of links) {
    const url = URL.parse(href.replaceAll('&amp;', '&'), at.href);
    if (!url || !/^https?:$/.test(url.protocol) || !url.pathname.endsWith(`/${file}`)) continue;
    return url.origin === at.origin ? { url, authorization } : { url };
  }
  throw new WheelFault(`${at.host} does not have ${file}`);
}

async function download(
  { url, authorization }: Address,
  dispatcher: EnvHttpProxyAgent,
  most: number,
  signal: AbortSignal,
): Promise<Downloaded> {
  const accept = 'application/vnd.pypi.simple.v1+html, text/html;q=0.2, application/octet-stream;q=0.1, */*;q=0.01';
  try {
    const response = await fetch(url.href, {
      headers: { accept, ...(authorization && { authorization }) },
      dispatcher,
      signal,
    });
    if (!response.ok) throw new WheelFault(`${url.host} answered ${response.status}`);
    const at = new URL(response.url);
    return { at, body: await bodyOf(response, url, most), ...(at.origin === url.origin && { authorization }) };
  } catch (error) {
    if (error instanceof WheelFault || signal.aborted) throw error;
    throw new WheelFault(`${url.host} could not be reached (${causeOf(error)})`, { cause: error });
  }
}

async function bodyOf({ body }: Response, { host }: URL, most: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.byteLength;
    if (length > most) throw new WheelFault(`${host} sent more than ${most} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** fetch says no more than that it failed. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  return cause.message || ('code' in cause ? String(cause.code) : cause.name);
}
