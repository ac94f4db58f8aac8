"""Shows that a sandbox holds, by means that are harmless wherever they are used: nothing here takes what it could get, ends
what it could reach, or uses more than it says. Gives a frame of what stands open, which must be empty."""

import ctypes
import mmap
import os
import resource
import socket
import threading

libc = ctypes.CDLL(None, use_errno=True)
VARIABLES = {"HOME", "TMPDIR", "PATH", "LANG", "LC_CTYPE", "TZ", "PWD"}
VARIABLES |= {"LD_LIBRARY_PATH", "OPENBLAS_NUM_THREADS", "MALLOC_ARENA_MAX"}
FOLDERS = {"dev", "lib", "lib64", "python", "tmp", "usr"}


def main_function(file, port, pid, limits):
    import pandas

    checks = {
        "files": lambda: files(file),
        "environment": lambda: sorted(set(os.environ) - VARIABLES),
        "processes of others": lambda: others(pid),
        "network": lambda: network(port),
        "descriptors": lambda: [number for number in range(3, 1024) if is_open(number)],
        "user": user,
        "namespaces": lambda: "one can be made" if libc.unshare(0x10000000) == 0 else "",
        "system calls": lambda: "" if libc.prctl(21, 0, 0, 0, 0) == 2 else "all are open",
        "limit of memory": lambda: memory(limits["memory"]),
        "limit of a file": lambda: file_size(limits["file_size"]),
        "limit of the disk": lambda: disk(limits["file_size"], limits["disk"]),
        "limit of open files": lambda: open_files(limits["open_files"]),
        "limit of processes": lambda: processes(limits["processes"]),
        "raising of limits": raising,
    }
    found = {name: str(check() or "") for name, check in checks.items()}
    found = {name: what for name, what in found.items() if what}
    return pandas.DataFrame({"open": list(found), "what": list(found.values())})


def files(decoy):
    if os.path.exists(decoy):
        return "a file of the machine is there"
    if not os.statvfs("/").f_flag & os.ST_RDONLY:
        return "/ can be written to"
    return sorted(set(os.listdir("/")) - FOLDERS)


def others(pid):
    # Signal 0 asks whether a process is there, and does nothing.
    near = [number for number in range(3, 1000) if answers(number)]
    return near or ([pid] if pid > 2 and answers(pid) else [])


def answers(pid):
    try:
        os.kill(pid, 0)
        return pid != os.getpid()
    except ProcessLookupError:
        return False
    except PermissionError:
        return True


def network(port):
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET):
        try:
            with socket.socket(family, socket.SOCK_STREAM if family != socket.AF_NETLINK else socket.SOCK_RAW) as one:
                if family == socket.AF_INET and one.connect_ex(("127.0.0.1", port)) == 0:
                    return "a listener of the machine answers"
                return f"family {int(family)} is open"
        except OSError:
            pass
    return ""


def is_open(number):
    try:
        os.fstat(number)
        return True
    except OSError:
        return False


def user():
    if 0 in (os.getuid(), os.geteuid(), os.getgid(), os.getegid()):
        return "it is root"
    if libc.prctl(39, 0, 0, 0, 0) != 1:
        return "it may gain privileges"
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    sets = (ctypes.c_uint32 * 6)()
    if libc.capget(header, sets) != 0 or any(sets):
        return "it has capabilities"
    return ""


def memory(limit):
    try:
        # Addresses only: no page of it is touched.
        mmap.mmap(-1, limit + (256 << 20)).close()
        return f"{limit} bytes are not all"
    except OSError:
        return ""


def file_size(limit):
    with open("/tmp/proof", "wb") as file:
        try:
            # A hole: it takes no room.
            os.ftruncate(file.fileno(), limit + 1)
            return f"{limit} bytes are not all"
        except OSError:
            return ""
        finally:
            os.unlink("/tmp/proof")


def disk(file_size, limit):
    made, room = [], 0
    try:
        while room <= limit:
            path = f"/tmp/proof{len(made)}"
            made.append(path)
            with open(path, "wb") as file:
                os.posix_fallocate(file.fileno(), 0, min(file_size, limit))
            room += min(file_size, limit)
        return f"{limit} bytes are not all"
    except OSError:
        return ""
    finally:
        for path in made:
            os.unlink(path)


def open_files(limit):
    held = []
    try:
        for _ in range(limit + 1):
            held.append(os.dup(0))
        return f"{limit} are not all"
    except OSError:
        return ""
    finally:
        for number in held:
            os.close(number)


def processes(limit):
    leave, started = threading.Event(), []
    threading.stack_size(128 << 10)
    try:
        for _ in range(limit + 1):
            thread = threading.Thread(target=leave.wait)
            thread.start()
            started.append(thread)
        return f"{limit} are not all"
    except RuntimeError:
        return "" if len(started) > 0 else "not one thread can be started"
    finally:
        leave.set()
        for thread in started:
            thread.join()


def raising():
    kinds = (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE)
    for kind in kinds:
        hard = resource.getrlimit(kind)[1]
        if hard == resource.RLIM_INFINITY:
            return f"limit {kind} is none"
        try:
            resource.setrlimit(kind, (hard, hard + 1))
            return f"limit {kind} can be raised"
        except (ValueError, OSError):
            pass
    return ""
