"""Functions of the operator's that are called as workers come and go, by gunicorn's names and in either of its shapes."""

from __future__ import annotations

import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any, Callable

from . import fault
from .app import LoadError
from .environ import Boot

if TYPE_CHECKING:
    import logging

NAMES = ("post_fork", "when_ready", "worker_exit")
_OTHERS_OF_GUNICORN = (
    *("on_starting", "on_reload", "pre_fork", "post_worker_init", "worker_int", "worker_abort", "pre_exec"),
    *("pre_request", "post_request", "child_exit", "nworkers_changed", "on_exit"),
)

Hook = Callable[["Server", "Worker"], None]


class Server:
    """The master, as a hook sees it."""

    def __init__(self, boot: Boot, log: logging.Logger) -> None:
        self.pid: int = boot["master"]
        self.num_workers: int = boot["environ"].get("forebay.workers", 1)
        self.log = log


class Worker:
    """The worker that a hook runs in."""

    def __init__(self, boot: Boot, log: logging.Logger) -> None:
        self.pid = os.getpid()
        self.ppid: int = boot["master"]
        self.age: int = boot["age"]  # how many the master had started when it started this one: 1 for the first
        self.number: int = boot["environ"].get("forebay.worker", 1)  # from 1; a successor has its predecessor's
        self.log = log


class Hooks:
    """What the file defines. A hook that is not there does nothing. Each is called in the worker."""

    def __init__(self, found: dict[str, Hook], ignored: list[str]) -> None:
        self._found = found
        self._ignored = ignored
        self._args: tuple[Server, Worker] | None = None

    def post_fork(self, boot: Boot) -> None:
        """Runs when the process is there and serves nothing yet. What the hook raises passes through."""
        if self._found:
            log = _logger()
            self._args = Server(boot, log), Worker(boot, log)
            if self._ignored and boot["age"] == 1:
                log.warning("hooks that are never called: %s", ", ".join(self._ignored))
            self._call("post_fork")

    def when_ready(self) -> None:
        """Runs when the first worker of all serves."""
        self._call_and_report("when_ready")

    def worker_exit(self) -> None:
        """Runs when no request is running any more and the process is about to exit."""
        self._call_and_report("worker_exit")

    def _call_and_report(self, name: str) -> None:
        try:
            self._call(name)
        except BaseException as error:  # a hook may well call sys.exit; it is too late to refuse the worker
            fault.report(error)

    def _call(self, name: str) -> None:
        hook = self._found.get(name)
        if hook is not None and self._args is not None:
            hook(*self._args)


def load(path: str) -> Hooks:
    """Runs the file and returns its hooks. What its code raises passes through. Without a path there are none."""
    if not path:
        return Hooks({}, [])
    from .gunicorn import stand_in  # not for the many workers that have no hooks

    with open(path, "rb") as file:
        code = compile(file.read(), path, "exec")
    # Not imported by name: a module of the application may have the same, and what is cached may be older.
    module = ModuleType("__hooks__")
    module.__file__ = path
    sys.modules[module.__name__] = module
    with stand_in():
        exec(code, module.__dict__)
    found = {name: _shaped(name, getattr(module, name)) for name in NAMES if hasattr(module, name)}
    if not found:
        raise LoadError(f"{path} defines none of {', '.join(NAMES)}")
    return Hooks(found, [name for name in _OTHERS_OF_GUNICORN if callable(getattr(module, name, None))])


def _shaped(name: str, function: Any) -> Hook:
    """Returns a hook that takes what all are called with, whether the function takes all of it or the last word only."""
    import inspect  # which takes some milliseconds, and most workers have no hooks

    if not callable(function):
        raise LoadError(f"the hook {name} is of type {type(function).__name__} and cannot be called")
    signature = inspect.signature(function)
    if _takes(signature, 1):
        if name == "when_ready":
            return lambda server, worker: function(server)
        return lambda server, worker: function(worker)
    if name != "when_ready" and _takes(signature, 2):
        return lambda server, worker: function(server, worker)
    takes = "(server)" if name == "when_ready" else "(worker) or (server, worker)"
    raise LoadError(f"the hook {name}{signature} should be {name}{takes}")


def _takes(signature: Any, arguments: int) -> bool:
    try:
        signature.bind(*[None] * arguments)
    except TypeError:
        return False
    return True


def _logger() -> logging.Logger:
    """Returns a log to stderr, from where the lines go to the master's log.

    It is not known to the logging module, so that nothing of what the application configures there turns it off.
    """
    import logging

    log = logging.Logger("forebay", logging.INFO)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    log.addHandler(handler)
    return log
