"""Process 1 of a sandbox.

Gets ready, says so, is told one program, has it run by a child under limits, hands on what the child says, and ends; with
process 1 the kernel ends all that is left in the sandbox. Speaks in frames on file descriptor 1: a letter, four bytes of
length, the payload. W ready · O, E a piece of stdout, stderr · R a piece of the answer · X the end, as JSON.
"""

import json
import os
import resource
import select
import signal
import socket
import struct
import sys

sys.path.insert(0, "/python/waymark")
import program  # noqa: E402

sys.path.remove("/python/waymark")
sys.path.append("/python/site")


def say(kind, payload=b""):
    data = kind + struct.pack(">I", len(payload)) + payload
    while data:
        data = data[os.write(1, data) :]


def hear():
    """One message: four bytes of length, the payload."""
    (size,) = struct.unpack(">I", read_exactly(4))
    return read_exactly(size)


def read_exactly(size):
    parts = []
    while size:
        part = os.read(0, min(size, 1 << 20))
        if not part:
            # Nobody wants this sandbox any more.
            os._exit(0)
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def main():
    # A handler of Python's would let the program reach process 1 by a signal: without any, the kernel keeps them away.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.closerange(3, 1 << 16)
    if sys.argv[1:] == ["pandas"]:
        import pandas  # noqa: F401
    say(b"W")
    limits = json.loads(hear())
    attend(limits, hear())


def attend(limits, task):
    ours, theirs = socket.socketpair()
    out, out_end = os.pipe()
    err, err_end = os.pipe()
    woken = wake_on_child()
    child = os.fork()
    if child == 0:
        become(limits, task, theirs.fileno(), out_end, err_end)
    os.close(out_end)
    os.close(err_end)
    theirs.close()
    # To the program its standard input is at its end, and yet its answer comes through it.
    ours.shutdown(socket.SHUT_WR)
    sources = {out: b"O", err: b"E", ours.fileno(): b"R"}
    status, usage = carry(child, sources, woken)
    say(b"X", json.dumps(end_of(status, usage)).encode())
    os._exit(0)


def wake_on_child():
    """A pipe that can be read when a child has ended."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(woken, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    return woken


def carry(child, sources, woken):
    """Hands on what comes, until the child has ended and what it had said is handed on."""
    poll = select.poll()
    for source in (*sources, woken):
        os.set_blocking(source, False)
        poll.register(source, select.POLLIN)
    ended = None
    while ended is None:
        for source, _ in poll.poll():
            if source == woken:
                drain(woken)
                ended = ended or reap(child)
            elif not hand_on(source, sources[source]):
                poll.unregister(source)
    # What the child had written lies in the pipes; others that still write there must not keep us.
    for source, kind in sources.items():
        for _ in range(64):
            if not hand_on(source, kind):
                break
    return ended


def hand_on(source, kind):
    """Whether there was something."""
    try:
        data = os.read(source, 1 << 16)
    except OSError:
        return False
    if data:
        say(kind, data)
    return bool(data)


def drain(source):
    try:
        while os.read(source, 4096):
            pass
    except BlockingIOError:
        pass


def reap(child):
    """Buries every child that has ended: process 1 inherits them all. Gives the program's own end."""
    found = None
    while True:
        try:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if pid == 0:
            return found
        if pid == child:
            found = (status, usage)


def end_of(status, usage):
    signalled = os.WIFSIGNALED(status)
    return {
        "code": None if signalled else os.WEXITSTATUS(status),
        "signal": signal.Signals(os.WTERMSIG(status)).name if signalled else None,
        "cpu_ms": round((usage.ru_utime + usage.ru_stime) * 1000),
        "peak_bytes": usage.ru_maxrss * 1024,
    }


def become(limits, task, channel, out, err):
    """From here on this is the program's process."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    for number, source in enumerate((channel, out, err)):
        os.dup2(source, number)
    os.closerange(3, 1 << 16)
    os.chdir("/tmp")
    os.umask(0o077)
    # The service and its heartbeats go first.
    os.nice(10)
    restrict(limits)
    program.perform(task)


def restrict(limits):
    """Soft and hard: nothing in the sandbox may raise them again."""
    for name, value in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}", None)
        if kind is None:
            continue
        hard = value + 1 if name == "CPU" else value
        resource.setrlimit(kind, (value, hard))


main()
