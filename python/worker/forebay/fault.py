"""Tracebacks as whoever wrote the application wants to read them: without the frames of the worker program."""

from __future__ import annotations

import sys
import traceback
from types import FrameType, TracebackType

# In characters. A message that quotes a whole upload must not fill the log.
LONGEST = 64 << 10

# The modules between a thread's start and the application. forebay.demo is an application like any other.
_PROGRAM = {
    f"{__package__}.{name}"
    for name in (
        *("app", "environ", "fault", "fields", "files", "frame", "gate", "hooks", "loop", "modules", "response", "slot"),
        *("stack", "state", "template"),
    )
} | {"threading"}
_IMPORT = {"importlib", "importlib._bootstrap", "importlib._bootstrap_external"}


def text(error: BaseException) -> str:
    """Returns the traceback of error, from the application's first frame on, in text that any UTF-8 reader takes."""
    first = own_part(error.__traceback__)
    whole = "".join(traceback.format_exception(type(error), error, first))
    return clean(whole)


def clean(whole: str) -> str:
    """Returns whole as the log can take it: not too long, and without lone surrogates."""
    return shorten(whole).encode("utf-8", "backslashreplace").decode("utf-8")


def report(error: BaseException) -> None:
    """Writes the traceback of error to stderr, for failures that no answer can carry any more."""
    print(text(error), end="", file=sys.stderr, flush=True)


def say_closed() -> None:
    """Says on stderr why a socket or pipe of ours is gone."""
    print("the application has closed a descriptor that is not its own but forebay's", file=sys.stderr, flush=True)


def own_part(trace: TracebackType | None) -> TracebackType | None:
    """Returns trace without the leading frames that are not the application's."""
    while trace is not None and (is_program(trace.tb_frame) or _name(trace.tb_frame) in _IMPORT):
        trace = trace.tb_next
    return trace


def is_program(frame: FrameType) -> bool:
    """Says whether a frame is between a thread's start and the application. The application may have such frames, too."""
    return _name(frame) in _PROGRAM


def _name(frame: FrameType) -> object:
    return frame.f_globals.get("__name__")


def shorten(whole: str) -> str:
    """Returns whole, or its beginning and its end, which says most, if it is too long."""
    if len(whole) <= LONGEST:
        return whole
    half = LONGEST // 2
    return f"{whole[:half]}\n... {len(whole) - LONGEST} characters left out ...\n{whole[-half:]}"
