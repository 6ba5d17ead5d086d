"""What a thread's request is made of, where native code can see it, too: the bases of Gate, Reader, Slot and Response.

forebay._native (native/native.c) has the same classes with the same members, and run(). It is optional: the master carries
it for some systems only, and where it is not to be had, everything is Python.
"""

from __future__ import annotations

import os
from typing import Any, Callable, Optional

# run(slot, app, constant, payload) -> bool: serves the request whose payload is given and those of its batch that follow
# it, and returns False, without having done anything, where marshal is to read that payload. It passes on only what serve
# ends the thread for.
Run = Callable[[Any, Any, dict[str, Any], memoryview], bool]
run: Optional[Run]
# write_now(descriptor, data: bytes) -> int: writes to a pipe as far as that does not wait, and does not let the GIL go. It
# returns how much that was, and -1 where os.write is to do it.
write_now: Callable[[int, bytes], int]
missing: str  # why it is not there

try:
    from ._native import GateState, ReaderState, ResponseState, SlotState, prepare, run, write_now  # type: ignore[import-not-found]
    missing = ""
except ImportError as error:
    run, write_now, missing = None, os.write, str(error)

    class GateState:  # type: ignore[no-redef]
        __slots__ = ("inside", "wanted")

    class ReaderState:  # type: ignore[no-redef]
        __slots__ = ("buffer", "start", "pending")

    class SlotState:  # type: ignore[no-redef]
        __slots__ = (
            *("gate", "reader", "held", "begun", "size", "recalled", "since", "hold", "request", "answers"),
            *("closing", "recalling", "once"),
        )

    class ResponseState:  # type: ignore[no-redef]
        __slots__ = ("slot", "status", "fields", "flags", "head_only", "begun", "over")

    def prepare(*needed: Any) -> None:
        """Gives native code what it needs of Python; see the end of response.py."""
