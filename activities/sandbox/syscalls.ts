// What a sandbox may not ask of the kernel, as a filter of https://docs.kernel.org/userspace-api/seccomp_filter.html.
// Namespaces and limits hold without it. It closes what they leave open: memory that no limit counts (memfd, System V),
// keys and clocks that are the machine's, reading the places that mounts came from, other families of sockets than
// local ones, and calls that are newer than this list.

interface Machine {
  /** AUDIT_ARCH of the kernel's headers. */
  machine: number;
  clone: number;
  socket: number;
}

const x64: Machine = { machine: 0xc000_003e, clone: 56, socket: 41 };
const arm64: Machine = { machine: 0xc000_00b7, clone: 220, socket: 198 };

/** Name, number on x64, number on arm64. */
const refused = `
  shmget 29 194, shmat 30 196, shmctl 31 195, shmdt 67 197, semget 64 190, semop 65 193, semctl 66 191,
  semtimedop 220 192, msgget 68 186, msgsnd 69 189, msgrcv 70 188, msgctl 71 187, mq_open 240 180,
  mq_unlink 241 181, mq_timedsend 242 182, mq_timedreceive 243 183, mq_notify 244 184, mq_getsetattr 245 185,
  memfd_create 319 279, memfd_secret 447 447, userfaultfd 323 282, vmsplice 278 75, ptrace 101 117,
  process_vm_readv 310 270, process_vm_writev 311 271, process_madvise 440 440, pidfd_getfd 438 438, kcmp 312 272,
  perf_event_open 298 241, bpf 321 280, keyctl 250 219, add_key 248 217, request_key 249 218, syslog 103 116,
  personality 135 92, acct 163 89, quotactl 179 60, quotactl_fd 443 443, lookup_dcookie 212 18, mount 165 40,
  umount2 166 39, pivot_root 155 41, open_tree 428 428, move_mount 429 429, fsopen 430 430, fsconfig 431 431,
  fsmount 432 432, fspick 433 433, mount_setattr 442 442, name_to_handle_at 303 264, open_by_handle_at 304 265,
  fanotify_init 300 262, unshare 272 97, setns 308 268, sethostname 170 161, setdomainname 171 162, swapon 167 224,
  swapoff 168 225, reboot 169 142, kexec_load 246 104, kexec_file_load 320 294, init_module 175 105,
  finit_module 313 273, delete_module 176 106, settimeofday 164 170, adjtimex 159 171, clock_settime 227 112,
  clock_adjtime 305 266, mbind 237 235, set_mempolicy 238 237, migrate_pages 256 238, move_pages 279 239,
  io_uring_setup 425 425, io_uring_enter 426 426, io_uring_register 427 427`
  .split(',')
  .map((line) => line.trim().split(' '))
  .map(([, onX64, onArm64]) => ({ onX64: Number(onX64), onArm64: Number(onArm64) }));

const clone3 = 435;
/** futex_requeue: what is newer is not there. */
const newestCall = 456;

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const newNamespaces = 0x7e02_0000;
const localSockets = 1;

const operation = { load: 0x20, equal: 0x15, greater: 0x25, anyBit: 0x45, give: 0x06 };
/** Offsets in struct seccomp_data; the low half of the first argument, on little-endian machines. */
const field = { call: 0, machine: 4, firstArgument: 16 };
const allow = 0x7fff_0000;
const kill = 0x8000_0000;
const refuse = (errno: number) => 0x0005_0000 + errno;
const EPERM = 1;
const ENOSYS = 38;

type Step = [code: number, ifTrue: number, ifFalse: number, value: number];

/** Undefined: no filter for this processor. `arch` as `process.arch`. */
export function syscallFilter(arch: string): Buffer | undefined {
  const calls = arch === 'x64' ? x64 : arch === 'arm64' ? arm64 : undefined;
  if (calls === undefined) return undefined;
  const onCall = (call: number, steps: Step[]): Step[] => [[operation.equal, 0, steps.length, call], ...steps];
  const give = (value: number): Step => [operation.give, 0, 0, value];
  const steps: Step[] = [
    [operation.load, 0, 0, field.machine],
    [operation.equal, 1, 0, calls.machine],
    give(kill),
    [operation.load, 0, 0, field.call],
    [operation.greater, 0, 1, newestCall],
    give(refuse(ENOSYS)),
    // Its flags lie in memory, where a filter cannot look; libc then takes the older call.
    ...onCall(clone3, [give(refuse(ENOSYS))]),
    ...refused.flatMap(({ onX64, onArm64 }) => onCall(calls === x64 ? onX64 : onArm64, [give(refuse(EPERM))])),
    ...onCall(calls.clone, [
      [operation.load, 0, 0, field.firstArgument],
      [operation.anyBit, 0, 1, newNamespaces],
      give(refuse(EPERM)),
      give(allow),
    ]),
    ...onCall(calls.socket, [
      [operation.load, 0, 0, field.firstArgument],
      [operation.equal, 1, 0, localSockets],
      give(refuse(EPERM)),
      give(allow),
    ]),
    give(allow),
  ];
  return encode(steps);
}

/** struct sock_filter, one after the other. */
function encode(steps: Step[]): Buffer {
  const bytes = Buffer.alloc(steps.length * 8);
  steps.forEach(([code, ifTrue, ifFalse, value], index) => {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(ifTrue, index * 8 + 2);
    bytes.writeUInt8(ifFalse, index * 8 + 3);
    bytes.writeUInt32LE(value, index * 8 + 4);
  });
  return bytes;
}
