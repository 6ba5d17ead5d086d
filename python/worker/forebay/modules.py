"""The files that the application is made of, for a master that reloads it when one of them changes."""

from __future__ import annotations

import os
import select
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from importlib.machinery import SourceFileLoader
from types import ModuleType
from typing import Any

from . import frame

# In seconds. Modules may be imported at any time, by any thread.
_EVERY = 0.2
# In seconds.
_YOUNG = 2
# In one frame. A path is at most 4096 bytes long on Linux (PATH_MAX), and a frame a megabyte.
_PATHS = 200
# Nobody edits the standard library.
_LIBRARY = os.path.join(os.path.dirname(os.path.abspath(os.__file__)), "")
_PACKAGES = (os.path.join(_LIBRARY, "site-packages", ""), os.path.join(_LIBRARY, "dist-packages", ""))


class Modules:
    """Reports to the master. Only the main thread may call it, as it alone writes to the control socket."""

    def __init__(self, control: socket.socket, wanted: bool) -> None:
        self._control = control
        self._wanted = wanted
        self._names: set[str] = set()  # as modules have them
        self._reported: set[bytes] = set()
        if wanted:
            _distrust_young_bytecode()

    def report(self, error: BaseException | None = None) -> None:
        """Reports the files that were not reported before, also those that were read until error was raised."""
        if not self._wanted:
            return
        names = set(_imported()) - self._names
        self._names |= names
        if error is not None:
            names |= set(_failed(error, set()))
        files = {os.fsencode(os.path.abspath(name)) for name in names if _is_edited(name)} - self._reported
        self._reported |= files
        paths = sorted(files)
        for start in range(0, len(paths), _PATHS):
            frame.tell(self._control, frame.MODULES, paths[start : start + _PATHS])

    def report_until_readable(self) -> None:
        """Reports what is imported until the master says something, or ends."""
        if not self._wanted:
            return
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        while not poll.poll(_EVERY * 1000):
            self.report()


def _distrust_young_bytecode() -> None:
    """Has modules that were saved just now compiled, and the result not kept.

    Compiled files are known by the time and size of their source, the time in whole seconds (PEP 552). A source that was
    saved twice within one would be taken for unchanged.
    """
    path_stats = SourceFileLoader.path_stats

    def path_stats_if_old(loader: SourceFileLoader, path: str) -> Mapping[str, Any]:
        stats = path_stats(loader, path)
        if abs(time.time() - stats["mtime"]) < _YOUNG:
            raise OSError("compiled files are not used")
        return stats

    SourceFileLoader.path_stats = path_stats_if_old  # type: ignore[method-assign,assignment]


def _imported() -> Iterator[str]:
    for module in list(sys.modules.values()):
        # What is not imported until it is used must not be imported by being looked at (importlib.util.LazyLoader).
        if isinstance(module, ModuleType):
            name = object.__getattribute__(module, "__dict__").get("__file__")
            if isinstance(name, str):
                yield name


def _failed(error: BaseException, seen: set[int]) -> Iterator[str]:
    """Yields the files that error came through: a module whose import fails is not in sys.modules any more."""
    seen.add(id(error))
    if isinstance(error, SyntaxError) and error.filename:
        yield error.filename
    trace = error.__traceback__
    while trace is not None:
        yield trace.tb_frame.f_code.co_filename
        trace = trace.tb_next
    for other in (error.__cause__, error.__context__):
        if other is not None and id(other) not in seen:
            yield from _failed(other, seen)


def _is_edited(name: str) -> bool:
    if name.startswith("<"):  # text that was never in a file
        return False
    return not name.startswith(_LIBRARY) or name.startswith(_PACKAGES)
