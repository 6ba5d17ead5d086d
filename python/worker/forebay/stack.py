"""What a thread is doing: its stack as text, taken by another thread."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from types import CodeType, FrameType

from . import fault


def stack_of(thread: int, serving: CodeType) -> str:
    """Returns a thread's stack from the application's first call on, or "" if the function serving is not on it.

    The thread goes on meanwhile, unless it is stuck, which is why anybody asks.
    """
    frames = list(_outwards(sys._current_frames().get(thread)))
    if not any(frame.f_code is serving for frame, _ in frames):
        return ""
    frames.reverse()
    summary = traceback.StackSummary.extract(iter(_without_program(frames)))
    return fault.clean("Stack (most recent call last):\n" + "".join(summary.format()))


def _outwards(frame: FrameType | None) -> Iterator[tuple[FrameType, int]]:
    while frame is not None:
        yield frame, frame.f_lineno
        frame = frame.f_back


def _without_program(frames: list[tuple[FrameType, int]]) -> list[tuple[FrameType, int]]:
    """Returns the frames from the application's first one on; all of them where the thread is in none of its."""
    for index, (frame, _) in enumerate(frames):
        if not fault.is_program(frame):
            return frames[index:]
    return frames
