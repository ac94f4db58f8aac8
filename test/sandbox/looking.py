"""Probes that only look: each gives what it has seen of the decoys, or nothing. They run in the sandbox, where they must see
nothing, and outside of it as the control, where all but the marked ones must see their decoy.

decoy: folder, file (holds the secret), module (a .py that holds it), shared (its name in /dev/shm), variable (of the
environment), port, port6, udp (listeners on loopback that say the secret), socket (one with a path), pid (a process whose
environment holds it)."""

import ctypes
import errno
import gc
import glob
import mmap
import os
import re
import resource
import socket
import subprocess
import sys
import tempfile
import threading

libc = ctypes.CDLL(None, use_errno=True)
PROBES = {}
SECRET = re.compile("secret-[0-9a-f]{16}")


def probe(function):
    PROBES[function.__name__] = function
    return function


def nothing_outside(function):
    """What it looks for is nowhere: the control leaves it out."""
    function.nothing_outside = True
    return probe(function)


def read(path):
    with open(path, "rb") as file:
        return file.read(4096).decode("utf-8", "replace")


# The environment


@probe
def environment(decoy):
    return os.environ.get(decoy["variable"])


@probe
def environment_of_a_child(decoy):
    return output([sys.executable, "-c", f"import os; print(os.environ[{decoy['variable']!r}])"])


@probe
def environment_by_libc(decoy):
    libc.getenv.restype = ctypes.c_char_p
    return libc.getenv(decoy["variable"].encode())


@probe
def environment_by_its_array(decoy):
    array = ctypes.POINTER(ctypes.c_char_p).in_dll(libc, "environ")
    return next(entry for entry in iter_array(array) if decoy["variable"].encode() in entry)


@probe
def environment_in_proc(decoy):
    return value_in(read("/proc/self/environ"), decoy)


@probe
def environment_of_the_parent(decoy):
    return value_in(read(f"/proc/{os.getppid()}/environ"), decoy)


@probe
def environment_of_another(decoy):
    return value_in(read(f"/proc/{decoy['pid']}/environ"), decoy)


@probe
def arguments(decoy):
    return next(word for word in sys.orig_argv if SECRET.search(word))


# Files


@probe
def file_opened(decoy):
    return read(decoy["file"])


@probe
def file_by_descriptor(decoy):
    return os.read(os.open(decoy["file"], os.O_RDONLY), 100)


@probe
def file_by_libc(decoy):
    buffer = ctypes.create_string_buffer(100)
    number = libc.open(decoy["file"].encode(), 0)
    return buffer.value if number >= 0 and libc.read(number, buffer, 99) > 0 else None


@probe
def file_by_system_call(decoy):
    # openat on x86-64 and arm64
    number = libc.syscall(257 if os.uname().machine == "x86_64" else 56, -100, decoy["file"].encode(), 0, 0)
    return os.read(number, 100) if number >= 0 else None


@probe
def file_mapped(decoy):
    with open(decoy["file"], "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        return bytes(view)


@probe
def file_by_a_way_up(decoy):
    return read("../" * 30 + decoy["file"])


@probe
def file_by_a_link(decoy):
    link = os.path.join(tempfile.mkdtemp(), "link")
    os.symlink(decoy["file"], link)
    return read(link)


@probe
def file_by_a_hard_link(decoy):
    link = os.path.join(tempfile.mkdtemp(), "link")
    os.link(decoy["file"], link)
    return read(link)


@probe
def file_under_our_root(decoy):
    return read(f"/proc/self/root{decoy['file']}")


@nothing_outside
def file_under_the_root_of_1(decoy):
    return read(f"/proc/1/root{decoy['file']}")


@probe
def file_under_the_root_of_another(decoy):
    return read(f"/proc/{decoy['pid']}/root{decoy['file']}")


@probe
def folder_of_another(decoy):
    return "decoy" in os.listdir(f"/proc/{decoy['pid']}/cwd") and "its working directory"


@probe
def folder_listed(decoy):
    return os.listdir(decoy["folder"])


@probe
def folder_searched(decoy):
    return glob.glob(f"{decoy['folder']}/*")


@probe
def folder_by_descriptor(decoy):
    return os.listdir(os.open(decoy["folder"], os.O_RDONLY | os.O_DIRECTORY))


@probe
def file_described(decoy):
    return os.stat(decoy["file"]).st_size


@probe
def file_by_url(decoy):
    import urllib.request

    return urllib.request.urlopen(f"file://{decoy['file']}").read()


@probe
def file_by_pandas(decoy):
    import pandas

    return pandas.read_csv(decoy["file"], header=None).iloc[0, 0]


@probe
def file_by_pandas_url(decoy):
    import pandas

    return pandas.read_csv(f"file://{decoy['file']}", header=None).iloc[0, 0]


@probe
def file_by_numpy(decoy):
    import numpy

    return numpy.fromfile(decoy["file"], dtype="uint8").tobytes()


@probe
def file_by_its_lines(decoy):
    import linecache

    return linecache.getline(decoy["file"], 1)


@probe
def file_as_a_module(decoy):
    import importlib.util

    spec = importlib.util.spec_from_file_location("decoy", decoy["module"])
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.secret


@probe
def file_run(decoy):
    import runpy

    return runpy.run_path(decoy["module"])["secret"]


@probe
def file_by_xml_entity(decoy):
    from lxml import etree

    text = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{decoy["file"]}">]><x>&e;</x>'
    return etree.fromstring(text, etree.XMLParser(resolve_entities=True, load_dtd=True, no_network=False)).text


@probe
def file_by_a_shell(decoy):
    return output(["/bin/sh", "-c", f"cat {decoy['file']}"])


@probe
def file_by_cat(decoy):
    return output(["cat", decoy["file"]])


@probe
def file_by_popen(decoy):
    return os.popen(f"cat {decoy['file']}").read()


@probe
def file_by_a_child(decoy):
    return output([sys.executable, "-c", f"print(open({decoy['file']!r}).read())"])


@probe
def file_by_a_fork(decoy):
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            os.write(writing, read(decoy["file"]).encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.wait()
    return os.read(reading, 100)


@probe
def file_by_a_thread(decoy):
    seen = []
    thread = threading.Thread(target=lambda: seen.append(quiet(lambda: read(decoy["file"]))))
    thread.start()
    thread.join()
    return seen[0]


@probe
def shared_memory(decoy):
    return read(f"/dev/shm/{decoy['shared']}")


@probe
def shared_memory_listed(decoy):
    return decoy["shared"] in os.listdir("/dev/shm") and "its name"


@probe
def open_descriptors(decoy):
    found = [quiet(lambda number=number: os.pread(number, 100, 0)) for number in range(3, 256)]
    return next(text for text in found if text and b"secret" in text)


@nothing_outside
def standard_input(decoy):
    return os.read(0, 100) or sys.stdin.read()


# The machine


@probe
def mounts(decoy):
    return read("/proc/self/mountinfo")


@probe
def command_line_of_another(decoy):
    return read(f"/proc/{decoy['pid']}/cmdline")


@probe
def host_name(decoy):
    return socket.gethostname() if socket.gethostname() == decoy["host"] else None


@nothing_outside
def devices(decoy):
    return set(os.listdir("/dev")) - {"null", "zero", "random", "urandom", "shm"}


@nothing_outside
def terminal(decoy):
    return os.open("/dev/tty", os.O_RDONLY)


@nothing_outside
def keys_of_the_user(decoy):
    # keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 0)
    return libc.syscall(250 if os.uname().machine == "x86_64" else 219, 0, -4, 0) > 0 and "a keyring"


# Processes


@probe
def process_asked(decoy):
    # Signal 0 does nothing.
    os.kill(decoy["pid"], 0)
    return "it is there"


@probe
def process_listed(decoy):
    return os.path.exists(f"/proc/{decoy['pid']}") and "it is there"


@probe
def process_group(decoy):
    return os.getpgid(decoy["pid"])


@probe
def process_session(decoy):
    return os.getsid(decoy["pid"])


@probe
def process_processors(decoy):
    return os.sched_getaffinity(decoy["pid"])


@probe
def process_priority(decoy):
    os.getpriority(os.PRIO_PROCESS, decoy["pid"])
    return "it is there"


@probe
def process_limits(decoy):
    try:
        return resource.prlimit(decoy["pid"], resource.RLIMIT_NOFILE)
    except PermissionError:
        return "it is there"


@probe
def process_by_descriptor(decoy):
    return os.pidfd_open(decoy["pid"])


@probe
def process_memory(decoy):
    return open(f"/proc/{decoy['pid']}/mem", "rb").fileno()


@probe
def process_memory_by_system_call(decoy):
    one, none = ctypes.c_size_t(1), ctypes.c_size_t(0)
    libc.syscall(310 if os.uname().machine == "x86_64" else 270, decoy["pid"], vector(), one, vector(1), one, none)
    # It found the process, and no memory at that address.
    return ctypes.get_errno() == errno.EFAULT and "its memory"


@nothing_outside
def processes_near(decoy):
    return [pid for pid in range(3, 2000) if pid != os.getpid() and quiet(lambda pid=pid: os.kill(pid, 0)) is None]


# The network


@probe
def tcp(decoy):
    return hear(socket.AF_INET, ("127.0.0.1", decoy["port"]))


@probe
def tcp_any(decoy):
    return hear(socket.AF_INET, ("0.0.0.0", decoy["port"]))


@probe
def tcp_by_name(decoy):
    with socket.create_connection(("localhost", decoy["port"]), 3) as one:
        return one.recv(100)


@probe
def tcp6(decoy):
    return hear(socket.AF_INET6, ("::1", decoy["port6"]))


@probe
def udp(decoy):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.settimeout(3)
        one.sendto(b"hello", ("127.0.0.1", decoy["udp"]))
        return one.recv(100)


@probe
def unix(decoy):
    return hear(socket.AF_UNIX, decoy["socket"])


@probe
def tcp_by_libc(decoy):
    number = libc.socket(2, 1, 0)
    address = (2).to_bytes(2, sys.byteorder) + decoy["port"].to_bytes(2, "big") + bytes([127, 0, 0, 1]) + bytes(8)
    return number >= 0 and libc.connect(number, address, 16) == 0 and os.read(number, 100)


@probe
def tcp_by_asyncio(decoy):
    import asyncio

    async def connect():
        reader, _ = await asyncio.open_connection("127.0.0.1", decoy["port"])
        return await reader.read(100)

    return asyncio.run(connect())


@probe
def http(decoy):
    import http.client
    import urllib.request

    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{decoy['port']}/", timeout=3).read()
    except http.client.BadStatusLine as answer:
        return str(answer)


@probe
def http_by_pandas(decoy):
    import http.client

    import pandas

    try:
        return pandas.read_csv(f"http://127.0.0.1:{decoy['port']}/")
    except http.client.BadStatusLine as answer:
        return str(answer)


@probe
def tcp_by_a_child(decoy):
    code = f"import socket; print(socket.create_connection(('127.0.0.1', {decoy['port']}), 3).recv(100))"
    return output([sys.executable, "-c", code])


@probe
def netlink(decoy):
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0):
        return "a socket to the kernel's network"


@probe
def interfaces(decoy):
    return [name for _, name in socket.if_nameindex() if name != "lo"]


# What lies in the interpreter


@probe
def frames_above(decoy):
    frame, seen = sys._getframe(), []
    while frame is not None:
        seen.append(repr(frame.f_locals))
        frame = frame.f_back
    return next(found for found in map(SECRET.search, seen) if found)[0]


@probe
def garbage_collector(decoy):
    values = [value for thing in gc.get_objects() if type(thing) is dict for value in list(thing.values())]
    found = (SECRET.search(value) for value in values if type(value) is str)
    return next(each for each in found if each)[0]


@probe
def main_module(decoy):
    values = [value for value in vars(sys.modules["__main__"]).values() if type(value) is str]
    return next(each for each in map(SECRET.search, values) if each)[0]


def output(command):
    return subprocess.run(command, capture_output=True, timeout=20, check=True).stdout


def hear(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as one:
        one.settimeout(3)
        one.connect(address)
        return one.recv(100)


def quiet(look):
    try:
        return look()
    except Exception as fault:
        return b"" if not isinstance(fault, ProcessLookupError) else False


def iter_array(array):
    at = 0
    while array[at]:
        yield array[at]
        at += 1


def value_in(text, decoy):
    return next(entry for entry in text.split("\0") if entry.startswith(decoy["variable"]))


def vector(address=None):
    """struct iovec"""
    buffer = ctypes.create_string_buffer(8)
    vector.kept = buffer
    return ctypes.byref((ctypes.c_size_t * 2)(address or ctypes.addressof(buffer), 8))


def look(names, decoy):
    """What each of them sees, as text; empty: nothing."""
    seen = []
    for name in names:
        try:
            seen.append(str(PROBES[name](decoy) or ""))
        except BaseException:
            seen.append("")
    return seen


def main_function(names, decoy):
    import pandas

    return pandas.DataFrame({"probe": names, "seen": look(names, decoy)})
