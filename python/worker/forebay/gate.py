"""Lets RequestTimeout into a thread, but only where and for as long as it runs the application for the request it is for."""

from __future__ import annotations

import time
from typing import Callable, Optional

from . import RequestTimeout
from .state import GateState

NOBODY = -1  # in place of a request's number

# What became of an interrupt.
RAISED = "raised"
LATER = "raised when the application is called next"
AGAIN = "raised before"

_MOMENT = 0.0005  # seconds

# PyThreadState_SetAsyncExc(thread, exception): the thread raises the exception at its next step in Python; None takes it
# back if it was not raised yet.
SetAsyncExc = Callable[[int, Optional[type]], int]


def load_set_async_exc() -> SetAsyncExc:
    """Returns the function, or raises what the import of ctypes does in a Python that was built without it.

    It is imported when it is needed first: most workers never do, and it takes a megabyte.
    """
    import ctypes

    function = ctypes.pythonapi.PyThreadState_SetAsyncExc

    def set_async_exc(thread: int, exception: type | None) -> int:
        value = ctypes.py_object() if exception is None else ctypes.py_object(exception)
        return int(function(ctypes.c_ulong(thread), value))

    return set_async_exc


class Gate(GateState):
    """Belongs to a thread, except for interrupt, which the main thread calls.

    An exception that is raised from outside comes at any step of the thread's, also a few steps late. It must not come
    while a frame is half written, nor in the next request. So the thread says when it is inside the application, and for
    which request. It writes inside first and reads wanted then; the main thread writes wanted first and reads inside then.
    Therefore, when the thread has left, either it has seen that it is wanted, and waits until the main thread has done what
    it wanted to, and takes back what was not raised yet; or the main thread has seen that it is not inside, and raises
    nothing. After leave() nothing comes until the next enter().

    There is at most one exception for a request. It may come within leave() or just before it; whoever calls leave() in
    the handler of an exception is in turn within a "try" that expects RequestTimeout, and leaves again.
    """

    __slots__ = ("thread", "settled", "set_async_exc")

    def __init__(self) -> None:
        self.thread = 0  # its ident
        self.inside = NOBODY  # the request for which the thread runs the application now
        self.wanted = NOBODY  # the last request that was to be interrupted
        self.settled = NOBODY  # the last for which that was done, or found to be too late
        self.set_async_exc: SetAsyncExc | None = None  # None also where Python has no ctypes

    def enter(self, request: int) -> None:
        """Opens the gate for a request, or raises what could not be raised while it was shut."""
        self.inside = request
        if self.wanted == request:
            self.refuse(request)

    def refuse(self, request: int) -> None:
        self.leave(request)
        raise RequestTimeout

    def leave(self, request: int) -> None:
        self.inside = NOBODY
        if self.wanted == request:
            self.absorb(request)

    def absorb(self, request: int) -> None:
        """Returns when no exception is on its way any more."""
        while True:
            try:
                while self.settled != request:
                    time.sleep(_MOMENT)
                if self.set_async_exc is not None:
                    self.set_async_exc(self.thread, None)
                return
            except RequestTimeout:
                pass  # that was it

    def interrupt(self, request: int) -> str:
        """Raises RequestTimeout in the thread if it is still busy with a request. Returns what became of it."""
        if self.wanted == request:
            return AGAIN
        missing = self._load()
        self.wanted = request
        try:
            if self.inside != request:
                return LATER
            if self.set_async_exc is None:
                return missing
            self.set_async_exc(self.thread, RequestTimeout)
            return RAISED
        finally:
            self.settled = request

    def _load(self) -> str:
        """Sees to set_async_exc, and returns why it cannot be had."""
        if self.set_async_exc is None:
            try:
                self.set_async_exc = load_set_async_exc()
            except Exception as error:  # ImportError, but also what a half-installed library makes of it
                return f"not raised: {type(error).__name__}: {error}"
        return ""
