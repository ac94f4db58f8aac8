// What the probes of the sandbox are after: all of it made for the test, secret, and in reach of whoever is not locked in.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Decoys {
  /** What test/sandbox/looking.py calls `decoy`; holds no secret. */
  decoy: { file: string; [name: string]: string | number };
  secret: string;
  /** For processes that are to have it. */
  env: NodeJS.ProcessEnv;
  /** What differs from how it was; empty: nobody was here. */
  touched(): Promise<string[]>;
  /** Forgets the visits so far. */
  forget(): void;
  close(): Promise<void>;
}

/** Readable for everybody, and for programs' user: only the sandbox may be what keeps them apart. */
export async function openDecoys(): Promise<Decoys> {
  const secret = `secret-${randomBytes(8).toString('hex')}`;
  const folder = await mkdtemp(join(tmpdir(), 'waymark-decoys-'));
  const at = (name: string) => join(folder, name);
  const shared = `waymark-decoy-${randomBytes(4).toString('hex')}`;
  const listeners = await openListeners(secret, at('socket'));
  await chmod(folder, 0o755);
  await writeFile(at('decoy'), secret, { mode: 0o644 });
  await writeFile(at('decoy.py'), `secret = "${secret}"\n`, { mode: 0o644 });
  await writeFile(join('/dev/shm', shared), secret, { mode: 0o644 });
  await chmod(at('socket'), 0o777);
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', WAYMARK_DECOY: secret };
  const target = spawn('sleep', ['600'], { env, cwd: folder, detached: true, stdio: 'ignore', ...sandboxUser() });
  await once(target, 'spawn');
  const pid = target.pid ?? 0;
  await untilAsleep(pid);
  const was = { files: await readdir(folder), facts: await factsOf(target) };
  const { ports } = listeners;
  return {
    decoy: {
      ...ports,
      folder,
      file: at('decoy'),
      module: at('decoy.py'),
      shared,
      variable: 'WAYMARK_DECOY',
      socket: at('socket'),
      pid,
      host: hostname(),
    },
    secret,
    env,
    async touched() {
      const found: string[] = [];
      if (listeners.visits() > 0) found.push(`${listeners.visits()} visits to listeners`);
      if ((await readdir(folder)).join() !== was.files.join()) found.push('files');
      if ((await readFile(at('decoy'), 'utf8')) !== secret) found.push('the file');
      if ((await factsOf(target)) !== was.facts) found.push('the process');
      return found;
    },
    forget: listeners.forget,
    async close() {
      target.kill('SIGKILL');
      await listeners.close();
      await rm(folder, { recursive: true, force: true });
      await rm(join('/dev/shm', shared), { force: true });
    },
  };
}

/** It is the program then that it is to be. */
async function untilAsleep(pid: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if ((await readFile(`/proc/${pid}/stat`, 'utf8')).includes('(sleep) S')) return;
    await sleep(20);
  }
  throw new Error('The decoy does not sleep.');
}

/** As the sandbox's programs are to the machine: it could be signalled and read by them. */
const sandboxUser = () => (process.getuid?.() === 0 ? { uid: 60_900, gid: 60_900 } : {});

/** That it lives, sleeps, and how: its state, its group, its priority; 18 and 19 of proc(5)'s stat. */
async function factsOf({ pid, exitCode, signalCode }: ChildProcess): Promise<string> {
  const stat = (await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')).replace(/^.*\) /, '').split(' ');
  return [exitCode, signalCode, stat[0], stat[2], stat[15], stat[16]].join();
}

/** Each says the secret to whoever comes. */
async function openListeners(secret: string, path: string) {
  let visits = 0;
  const tell = () =>
    createServer((socket) => {
      visits++;
      socket.on('error', () => undefined).resume();
      socket.end(`${secret}\n`);
    });
  const servers = [tell().listen(0, '127.0.0.1'), tell().listen(0, '::1'), tell().listen(path)];
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const udp = createSocket('udp4', (_, { port, address }) => {
    visits++;
    udp.send(secret, port, address);
  }).bind(0, '127.0.0.1');
  await once(udp, 'listening');
  const portOf = (address: AddressInfo | string | null | undefined) =>
    typeof address === 'object' && address ? address.port : 0;
  const [first, second] = servers;
  return {
    ports: { port: portOf(first?.address()), port6: portOf(second?.address()), udp: udp.address().port },
    visits: () => visits,
    forget: () => void (visits = 0),
    async close() {
      udp.close();
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}
