"""Probes that would take, end or change what they reach, or that answer with lies. ONLY for the sandbox, and only after a
harmless program has shown that its boundary stands: outside they would hit the machine. Each asks once more by itself."""

import ctypes
import json
import os
import signal
import socket
import struct
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)
PROBES = {}


def probe(function):
    PROBES[function.__name__] = function
    return function


def must_be_inside():
    inside = os.getppid() == 1 and os.getpid() < 10 and os.getuid() == 1000 and not os.path.exists("/proc/1")
    if not inside or libc.prctl(39, 0, 0, 0, 0) != 1:
        raise SystemError("This is no sandbox: nothing was done.")


def main_function(name, decoy):
    import pandas

    must_be_inside()
    given = PROBES[name](decoy)
    return given if given is not None else pandas.DataFrame({"seen": [""]})


def number(x64, arm64):
    return x64 if os.uname().machine == "x86_64" else arm64


def taken(what):
    raise SystemError(f"TAKEN: {what}")


# Signals and processes


@probe
def kill_the_decoy(decoy):
    os.kill(decoy["pid"], signal.SIGKILL)
    taken("the process")


@probe
def kill_all(decoy):
    os.kill(-1, signal.SIGKILL)


@probe
def kill_all_from_a_child(decoy):
    if os.fork() == 0:
        os.setsid()
        os.kill(-1, signal.SIGKILL)
    time.sleep(1)


@probe
def kill_the_group_of_the_decoy(decoy):
    os.killpg(decoy["pid"], signal.SIGKILL)
    taken("the group")


@probe
def kill_our_own_group(decoy):
    os.killpg(0, signal.SIGKILL)


@probe
def stop_the_decoy(decoy):
    os.kill(decoy["pid"], signal.SIGSTOP)
    taken("the process")


@probe
def signal_process_1(decoy):
    for each in (signal.SIGKILL, signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGSEGV, signal.SIGCHLD):
        os.kill(1, each)
    time.sleep(0.2)


@probe
def signal_by_descriptor(decoy):
    signal.pidfd_send_signal(os.pidfd_open(decoy["pid"]), signal.SIGKILL)
    taken("the process")


@probe
def trace_the_decoy(decoy):
    if libc.ptrace(16, decoy["pid"], 0, 0) == 0:
        taken("the process")


@probe
def trace_process_1(decoy):
    if libc.ptrace(16, 1, 0, 0) == 0:
        taken("process 1")


@probe
def write_to_memory_of_1(decoy):
    one = (ctypes.c_size_t * 2)(0, 1)
    if libc.syscall(number(311, 271), 1, one, 1, one, 1, 0) >= 0 or ctypes.get_errno() != 1:
        taken("memory of process 1")


@probe
def descriptors_of_1(decoy):
    if libc.syscall(number(438, 438), os.pidfd_open(1), 1, 0) >= 0:
        taken("the pipe of process 1")


@probe
def priority_of_the_decoy(decoy):
    os.setpriority(os.PRIO_PROCESS, decoy["pid"], 19)
    taken("its priority")


@probe
def priority_of_our_own(decoy):
    os.nice(-5)
    taken("a higher priority")


@probe
def real_time(decoy):
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    taken("real time")


@probe
def outlive(decoy):
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                signal.signal(signal.SIGHUP, signal.SIG_IGN)
                time.sleep(30)
            os._exit(0)


# Privileges and namespaces


@probe
def become_root(decoy):
    os.setuid(0)
    taken("root")


@probe
def gain_capabilities(decoy):
    if libc.capset((ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)(*[0xFFFFFFFF] * 6)) == 0:
        taken("capabilities")


@probe
def new_user_namespace(decoy):
    if libc.unshare(0x10000000) == 0:
        taken("a user namespace")


@probe
def new_user_namespace_by_clone(decoy):
    pid = libc.syscall(number(56, 220), 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    if pid > 0:
        taken("a user namespace")


@probe
def new_user_namespace_by_clone3(decoy):
    arguments = (ctypes.c_uint64 * 8)(0x10000000, 0, 0, 0, int(signal.SIGCHLD), 0, 0, 0)
    pid = libc.syscall(435, arguments, 64)
    if pid == 0:
        os._exit(0)
    if pid > 0:
        taken("a user namespace")


@probe
def mount_something(decoy):
    if libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0:
        taken("a mount")


@probe
def remount_writable(decoy):
    if libc.mount(b"none", b"/", None, 32, None) == 0:
        taken("a writable root")


@probe
def unmount(decoy):
    if libc.umount2(b"/python/waymark", 2) == 0:
        taken("a mount")


@probe
def change_root(decoy):
    os.chroot("/tmp")
    taken("another root")


@probe
def sources_of_mounts(decoy):
    # statmount, listmount: they tell what /proc would
    for call in (457, 458):
        if libc.syscall(call, 0, 0, 0, 0) != -1 or ctypes.get_errno() != 38:
            taken("the table of mounts")


@probe
def make_a_device(decoy):
    os.mknod("/tmp/disk", 0o60600, os.makedev(254, 0))
    taken("a device")


@probe
def set_the_clock(decoy):
    time.clock_settime(time.CLOCK_REALTIME, time.time() + 3600)
    taken("the clock")


@probe
def name_the_host(decoy):
    socket.sethostname("taken")
    taken("the name")


@probe
def memory_that_nobody_counts(decoy):
    calls = ((number(319, 279), b"x", 0), (number(29, 194), 0, 4096, 0o1600), (number(240, 180), b"q", 0o102, 0o600, 0))
    for call in calls:
        if libc.syscall(*call) >= 0:
            taken("memory")


@probe
def write_into_python(decoy):
    for path in ("/new", "/python/site/pandas/__init__.py", "/python/waymark/runner.py", "/usr/lib/libc.so.6"):
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT))
            taken(path)
        except OSError:
            pass


@probe
def raise_limits(decoy):
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    taken("memory")


@probe
def type_into_the_terminal(decoy):
    import fcntl

    for at in range(3):
        try:
            fcntl.ioctl(at, 0x5412, b"x")
            taken("the terminal")
        except OSError:
            pass


# Outputs that are not what they seem


@probe
def answer_with_a_link(decoy):
    os.symlink(decoy["file"], "/tmp/result")
    os.symlink(decoy["file"], "/tmp/result.json")


@probe
def answer_nested_deeply(decoy):
    forge('{"kind":"result","frame":' + "[" * 200_000 + "]" * 200_000 + "}")


@probe
def answer_with_nested_cells(decoy):
    forge('{"kind":"result","frame":{"columns":["a"],"types":["text"],"values":[[' + "[" * 9999 + "]" * 9999 + "]]}}")


@probe
def answer_with_a_prototype(decoy):
    forge('{"__proto__":{"kind":"result"},"constructor":{"prototype":{"taken":true}},"kind":"result"}')


@probe
def answer_with_columns_of_several_lengths(decoy):
    forge('{"kind":"result","frame":{"columns":["a","b"],"types":["text","text"],"values":[["x"],[]]}}')


@probe
def answer_twice(decoy):
    forge('{"kind":"no_frame","got":"x"}{"kind":"no_frame","got":"y"}')


@probe
def answer_that_is_no_text(decoy):
    os.write(0, bytes(range(256)) * 100)
    os._exit(0)


@probe
def answer_that_is_huge(decoy):
    block = b"x" * (1 << 20)
    for _ in range(200):
        os.write(0, block)
    os._exit(0)


@probe
def answer_in_the_runner_s_name(decoy):
    end = json.dumps({"code": 0, "signal": None, "cpu_ms": 0, "peak_bytes": -1}).encode()
    os.write(1, b"X" + struct.pack(">I", len(end)) + end + b"R" + struct.pack(">I", 1 << 31))
    os._exit(0)


@probe
def answer_as_a_pickle(decoy):
    import pickle

    class Trap:
        def __reduce__(self):
            return os.system, (f"touch {decoy['folder']}/taken",)

    os.write(0, pickle.dumps(Trap()))
    os._exit(0)


@probe
def cells_that_act(decoy):
    import pandas

    class Cell:
        def __str__(self):
            return open(decoy["file"]).read()

        __repr__ = __str__

    return pandas.DataFrame({"a": [Cell()]})


@probe
def a_frame_that_is_none(decoy):
    import pandas

    class Fake:
        __class__ = pandas.DataFrame
        columns = index = ()

    return Fake()


@probe
def names_that_lead_away(decoy):
    import pandas

    return pandas.DataFrame([["x"] * 3], columns=["__proto__", f"../../..{decoy['file']}", "\0\n\x1b[31m"])


@probe
def runner_rewritten(decoy):
    for name in ("program", "frames", "json"):
        module = sys.modules[name]
        for attribute in list(vars(module)):
            if callable(getattr(module, attribute)) and not attribute.startswith("__"):
                setattr(module, attribute, lambda *_, **__: open(decoy["file"]).read())


@probe
def modules_replaced(decoy):
    os.makedirs("/tmp/pandas")
    with open("/tmp/pandas/__init__.py", "w") as file:
        file.write(f"secret = open({decoy['file']!r}).read()")
    sys.path.insert(0, "/tmp")
    del sys.modules["pandas"]
    import pandas

    print(pandas.secret)


@probe
def work_after_the_end(decoy):
    import atexit
    import threading

    atexit.register(time.sleep, 30)
    threading.Thread(target=time.sleep, args=(30,)).start()


@probe
def signals_held_off(decoy):
    for each in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        try:
            signal.signal(each, signal.SIG_IGN)
        except OSError:
            pass
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    time.sleep(30)


@probe
def another_name(decoy):
    libc.prctl(15, b"bwrap", 0, 0, 0)
    sys.argv[:] = ["node"]
    os.fork()
    time.sleep(0.2)


def forge(text):
    """The answer is this text, and nothing after it."""
    data = memoryview(text.encode())
    while data:
        data = data[os.write(0, data) :]
    os._exit(0)
