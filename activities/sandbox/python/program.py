"""The program's own process: reads the task, calls the function, answers on file descriptor 0."""

import ast
import errno
import importlib.util
import io
import json
import linecache
import os
import sys
import traceback
import types
from datetime import datetime

import frames

FILE = "function.py"
LONGEST_TEXT = 2_000
LONGEST_TRACE = 20_000
# What the compiler says of code; MemoryError where it is nested too deeply.
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)


def perform(task):
    """Never returns."""
    code = 1
    try:
        sys.stdin = io.StringIO()
        sys.stdout.reconfigure(line_buffering=True)
        task = json.loads(task)
        given = check(task["code"]) if task["kind"] == "check" else call(task)
        answer(given)
        code = 0
    except MemoryError:
        answer({"kind": "limit", "limit": "memory"})
    finally:
        # Without what atexit, threads and destructors would still have to say.
        os._exit(code)


def answer(given):
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
    data = memoryview(json.dumps(given).encode())
    while data:
        data = data[os.write(0, data) :]


def call(task):
    try:
        code = compile(task["code"], FILE, "exec")
    except UNREADABLE as fault:
        return invalid(fault)
    linecache.cache[FILE] = (len(task["code"]), None, task["code"].splitlines(True), FILE)
    module = types.ModuleType("function")
    module.__file__ = FILE
    sys.modules["function"] = module
    try:
        exec(code, module.__dict__)
        function = module.__dict__.get("main_function")
        if not callable(function):
            return {"kind": "invalid_code", "message": "The code defines no main_function.", "line": None}
        inputs = {name: read_input(given) for name, given in task["inputs"].items()}
        if task["frame"] is not None:
            inputs = {"input1": frames.read(task["frame"]), **inputs}
        result = function(**inputs)
        return given_back(result)
    except BaseException as fault:
        return failed(fault)


def given_back(result):
    import pandas

    if not isinstance(result, pandas.DataFrame):
        return {"kind": "no_frame", "got": cut(type(result).__name__, 100)}
    return {"kind": "result", "frame": frames.write(result)}


def read_input(given):
    if given["type"] != "date":
        return given["value"]
    text = given["value"]
    # A day is midnight of it: code may compare it with columns of dates, which a date is refused.
    return datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)


def failed(fault):
    if isinstance(fault, SystemExit):
        return {"kind": "exited", "code": exit_code(fault.code)}
    limit = limit_of(fault)
    if limit:
        return {"kind": "limit", "limit": limit}
    if isinstance(fault, ModuleNotFoundError) and isinstance(fault.name, str):
        name = fault.name.split(".")[0]
        if not is_there(name):
            return {"kind": "missing_package", "name": cut(name, 200)}
    return {
        "kind": "exception",
        "message": cut(message_of(fault), LONGEST_TEXT),
        "detail": cut(where(fault), LONGEST_TEXT),
        "traceback": trace_of(fault),
    }


def exit_code(code):
    if code is None:
        return 0
    return code & 0xFF if isinstance(code, int) else 1


def limit_of(fault):
    if isinstance(fault, MemoryError):
        return "memory"
    if isinstance(fault, RuntimeError) and str(fault).startswith("can't start new thread"):
        return "processes"
    if not isinstance(fault, OSError):
        return None
    return {
        errno.EFBIG: "file_size",
        errno.ENOSPC: "disk",
        errno.EMFILE: "open_files",
        errno.EAGAIN: "processes",
        errno.ENOMEM: "memory",
    }.get(fault.errno)


def is_there(name):
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def message_of(fault):
    try:
        return "".join(traceback.format_exception_only(type(fault), fault)).strip()
    except Exception:
        return type(fault).__name__


def own_part(trace):
    """The traceback from the function's own first line on."""
    while trace is not None and trace.tb_frame.f_code.co_filename != FILE:
        trace = trace.tb_next
    return trace


def where(fault):
    trace, last = own_part(fault.__traceback__), None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILE:
            last = trace
        trace = trace.tb_next
    return "" if last is None else f"line {last.tb_lineno}, in {last.tb_frame.f_code.co_name}"


def trace_of(fault):
    try:
        lines = traceback.format_exception(type(fault), fault, own_part(fault.__traceback__), limit=-20)
        return cut("".join(lines), LONGEST_TRACE)
    except Exception:
        return ""


def invalid(fault):
    if isinstance(fault, SyntaxError):
        return {"kind": "invalid_code", "message": cut(f"{fault.msg}", LONGEST_TEXT), "line": fault.lineno}
    message = f"{fault}" or "The code is nested too deeply, or too large."
    return {"kind": "invalid_code", "message": cut(message, LONGEST_TEXT), "line": None}


def check(code):
    try:
        tree = ast.parse(code, FILE)
        compile(tree, FILE, "exec")
    except UNREADABLE as fault:
        return invalid(fault)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = [node for node in tree.body if isinstance(node, kinds) and node.name == "main_function"]
    if not found:
        return {"kind": "invalid_code", "message": "The code defines no main_function.", "line": None}
    if isinstance(found[-1], ast.AsyncFunctionDef):
        message = "main_function is async: it must be a plain function."
        return {"kind": "invalid_code", "message": message, "line": found[-1].lineno}
    return {"kind": "function", "parameters": parameters_of(found[-1].args), "imports": imports_of(tree)}


def parameters_of(args):
    def one(argument, kind, optional=False):
        return {"name": argument.arg, "kind": kind, "optional": optional}

    plain = [*((a, "positional") for a in args.posonlyargs), *((a, "plain") for a in args.args)]
    required = len(plain) - len(args.defaults)
    found = [one(argument, kind, index >= required) for index, (argument, kind) in enumerate(plain)]
    if args.vararg:
        found.append(one(args.vararg, "rest", True))
    for argument, default in zip(args.kwonlyargs, args.kw_defaults):
        found.append(one(argument, "keyword", default is not None))
    if args.kwarg:
        found.append(one(args.kwarg, "keywords", True))
    return found


def imports_of(tree):
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return sorted(names)


def cut(text, longest):
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= longest else f"{text[:longest]}…"
