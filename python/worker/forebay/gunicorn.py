"""Runs a configuration file of gunicorn's and tells what it sets.

The master runs this text in a process of its own, with the path of the file and gunicorn's names for settings as
arguments, and reads one JSON object from descriptor 3: what the file prints is no answer. gunicorn need not be installed:
a module that a file imports from it is stood in for, as nothing that comes from there would be used.

A worker takes stand_in from here, for the same file as one of hooks. So nothing else of the package is imported.
"""

from __future__ import annotations

import ast
import json
import os
import sys
import traceback
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any, Iterator, Optional, Sequence

_GUNICORN = "gunicorn"
_REPORT = 3


class _Open(type):
    """A class that has whatever is asked of it, as another such class."""

    def __getattr__(cls, name: str) -> Any:
        return _made(f"{cls.__module__}.{cls.__qualname__}", name)


class _Anything(metaclass=_Open):
    def __init__(self, *args: object, **named: object) -> None:
        pass


def _made(owner: str, name: str) -> type:
    if name.startswith("__"):
        raise AttributeError(name)
    return _Open(name, (_Anything,), {"__module__": owner})


class _Module(ModuleType):
    """A module of gunicorn's that is not there."""

    __version__ = "23.0.0"
    version_info = (23, 0, 0)
    SERVER_SOFTWARE = _GUNICORN

    def __getattr__(self, name: str) -> Any:
        value = _made(self.__name__, name)
        setattr(self, name, value)
        return value


class _Finder:
    """Finds gunicorn and its modules where it is not installed (PEP 451)."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> Optional[ModuleSpec]:
        if name == _GUNICORN:
            real = PathFinder.find_spec(name)
            absent = real is None or real.origin is None  # a directory of that name, for its file, say
        else:
            absent = name.startswith(_GUNICORN + ".") and isinstance(sys.modules.get(_GUNICORN), _Module)
        return ModuleSpec(name, self, is_package=True) if absent else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


@contextmanager
def stand_in() -> Iterator[None]:
    """Lets a file import what it likes of gunicorn. Afterwards it is as absent as before: an application may ask for it."""
    finder: Any = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name, module in sys.modules.items() if isinstance(module, _Module)]:
            del sys.modules[name]


def read(path: str, names: Sequence[str]) -> dict[str, Any]:
    """Returns what the file sets of names, the functions it defines, and its other values by name, with their lines."""
    with open(path, "rb") as file:
        source = file.read()
    module = ModuleType("__config__")
    module.__file__ = path
    sys.modules[module.__name__] = module
    with stand_in():
        exec(compile(source, path, "exec"), module.__dict__)
    settings: dict[str, Any] = {}
    functions: dict[str, int] = {}
    others: dict[str, int] = {}
    lines = _lines(source)
    for name, value in vars(module).items():
        line = lines.get(name, 0)
        if name.startswith("_"):
            continue
        if name not in names:
            if isinstance(value, (bool, int, float, str, list, tuple, dict)) and line:
                others[name] = line
        elif callable(value) and not isinstance(value, type):
            functions[name] = line
        else:
            settings[name] = {"value": _plain(value), "line": line}
    return {"settings": settings, "functions": functions, "others": others}


def _plain(value: Any, deep: int = 0) -> Any:
    """Returns a value as JSON has it. What it has not is told by its type."""
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value)  # an enumeration's member is one
    if isinstance(value, float) and abs(value) < float("inf"):
        return value
    if isinstance(value, (list, tuple, set, frozenset)) and deep < 2:
        return [_plain(element, deep + 1) for element in (sorted(value, key=str) if isinstance(value, (set, frozenset)) else value)]
    if isinstance(value, type):
        return {"class": f"{value.__module__}.{value.__qualname__}"}
    return {"type": type(value).__name__}


def _lines(source: bytes) -> dict[str, int]:
    """Returns the line on which each name of the module was last bound, as far as it can be seen."""
    lines: dict[str, int] = {}
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            lines[node.name] = max(lines.get(node.name, 0), node.lineno)
            continue  # what it binds is its own
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            lines[node.id] = max(lines.get(node.id, 0), node.lineno)
        waiting.extend(ast.iter_child_nodes(node))
    return lines


def _failure(path: str, error: BaseException) -> dict[str, Any]:
    """Returns what went wrong, and on which line of the file. If it was in another file stderr has the whole way to it."""
    line, inside = 0, True
    for frame in traceback.extract_tb(error.__traceback__):
        inside = frame.filename == path
        if inside:
            line = frame.lineno or 0
    if isinstance(error, SyntaxError) and error.filename == path:
        line, inside = error.lineno or 0, True
    if line and not inside:
        traceback.print_exception(type(error), error, error.__traceback__)
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return {"error": f"{type(error).__name__}: {text}".rstrip(": "), "line": line}


def main(path: str, names: Sequence[str]) -> None:
    sys.argv[:] = [path]
    sys.path[:] = [os.getcwd(), *(entry for entry in sys.path if entry)]  # as gunicorn has it
    try:
        report = read(path, names)
    except BaseException as error:  # a file may well call sys.exit
        report = _failure(path, error)
    with open(_REPORT, "w", encoding="ascii") as file:
        json.dump(report, file)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2].split(","))
