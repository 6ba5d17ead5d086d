"""What threads are doing: their stacks as text, taken by another thread."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Collection, Iterator, Sequence
from types import CodeType, FrameType

from . import fault

# How many threads stacks() tells of, besides those of slots, how many frames of each, and how much in all, in characters:
# four bytes each at most, and all has to fit into a frame.
OTHERS = 100
FRAMES = 100
TOTAL = 200_000


def stack_of(thread: int, serving: Collection[CodeType]) -> str:
    """Returns a thread's stack from the application's first call on, or "" if none of the functions serving is on it.

    The thread goes on meanwhile, unless it is stuck, which is why anybody asks.
    """
    frames = list(_outwards(sys._current_frames().get(thread)))
    if not any(frame.f_code in serving for frame, _ in frames):
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


def stacks(slots: Sequence[int]) -> list[tuple[int, str, str]]:
    """Returns slot, name and stack of the threads but the one that asks, in the order of slots; others, whose slot is -1, follow.

    slots are the idents of their threads. The stack of one that runs nothing of the application's is "", and others of that
    kind are left out.
    """
    frames = sys._current_frames()
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    threads = [(number, ident, _application_stack(frames.get(ident))) for number, ident in enumerate(slots)]
    others = [ident for ident in frames if ident not in slots and ident != threading.get_ident()]
    for ident in others:
        stack = _application_stack(frames[ident])
        if stack and len(threads) < len(slots) + OTHERS:
            threads.append((-1, ident, stack))
    longest = TOTAL // max(1, len(threads))
    return [(number, fault.clean(names.get(ident, ""))[:100], _ending(stack, longest)) for number, ident, stack in threads]


def _application_stack(frame: FrameType | None) -> str:
    """Returns a stack from the application's first frame on, or "" without any."""
    frames = list(_outwards(frame))
    frames.reverse()
    frames = _without_program(frames)
    if not frames or all(fault.is_program(each) for each, _ in frames):
        return ""
    left_out = len(frames) - FRAMES
    summary = traceback.StackSummary.extract(iter(frames[-FRAMES:]))
    return (f"  ... {left_out} calls left out ...\n" if left_out > 0 else "") + "".join(summary.format())


def _ending(stack: str, longest: int) -> str:
    """Returns the end of a stack, which is where the thread is, in text that any UTF-8 reader takes."""
    return fault.clean(stack if len(stack) <= longest else "  ...\n" + stack[len(stack) - longest :])
