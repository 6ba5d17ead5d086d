"""The template: a process that has imported the application and serves nothing. Workers are forked from it."""

from __future__ import annotations

import array
import contextlib
import fcntl
import gc
import marshal
import os
import select
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

from .app import LoadError
from .environ import Boot
from .frame import FORK, FORKED, READY, ProtocolError, read, tell

# In one message; the kernel takes up to 253 (SCM_MAX_FD).
_DESCRIPTORS = 128
# Of what the process between two forks says, in bytes.
_LONGEST = 500
_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)


def check() -> None:
    """Refuses a Python whose processes are not to be forked. It depends also on what was imported."""
    gil_enabled = getattr(sys, "_is_gil_enabled", None)  # 3.13 and newer
    if gil_enabled is not None and not gil_enabled():
        raise LoadError(
            "preload forks workers from a process that has imported the application, and that is tried only in a Python "
            "with the GIL: do without preload, or set PYTHON_GIL=1 in the environment"
        )


def serve(control: socket.socket, boot: Boot, description: dict[str, Any]) -> tuple[socket.socket, Boot]:
    """Forks a worker whenever the master asks for one, and ends with the control stream.

    It returns only in the workers, where control is closed: with the worker's own, and with what it is to be.
    """
    # A collection writes to each object that it looks at, and memory is shared until somebody writes to it. What is
    # frozen it never looks at again, so garbage goes first: its files and connections would stay open in each worker.
    # (gc.disable during the import, which is said to keep memory in one piece, made no difference that was measured.)
    gc.collect()
    gc.freeze()
    tell(control, READY, {**description, "strays": _strays()})
    while True:
        request, descriptors = _hear(control)
        pid, text = _fork()
        if pid == 0 and not text:
            return _become_worker({**boot, **request}, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        tell(control, FORKED, (pid, text))


def _hear(control: socket.socket) -> tuple[Boot, list[int]]:
    """Returns the next FORK, and the descriptors that came with it."""
    try:
        found = read(control)
        if found is None:
            os._exit(0)
        kind, _, payload = found
        if kind != FORK:
            raise ProtocolError(f"frame of kind {kind} in place of FORK")
        request: Boot = marshal.loads(payload)
        return request, _receive(control, request["descriptors"])
    except ConnectionError:  # it is reset if the master has not read all that was said
        os._exit(0)


def _strays() -> list[str]:
    """Returns the names of the threads that the application has started. No fork takes them along.

    Threads that Python knows nothing of are told only where a library has given them a name: those of a pool that
    does arithmetic have the process's, and see to forks themselves.
    """
    main = threading.main_thread()
    known = {thread.native_id: thread.name for thread in threading.enumerate() if thread is not main}
    return sorted([*known.values(), *_foreign(known.keys() | {main.native_id})])


def _foreign(known: set[int | None]) -> Iterator[str]:
    with contextlib.suppress(OSError):  # not all systems have it, and threads end
        with open("/proc/self/comm", encoding="utf-8", errors="replace") as file:
            own = file.read()
        for number in os.listdir("/proc/self/task"):
            with open(f"/proc/self/task/{number}/comm", encoding="utf-8", errors="replace") as file:
                name = file.read()
            if int(number) not in known and name != own:
                yield name.strip()


def _receive(control: socket.socket, count: int) -> list[int]:
    """Receives descriptors, each message of them with one byte."""
    descriptors = array.array("i")
    while len(descriptors) < count:
        # Not recv_fds, which forgets its flags.
        data, ancillary, flags, _ = control.recvmsg(1, socket.CMSG_LEN(_DESCRIPTORS * descriptors.itemsize), _CLOSE_ON_EXEC)
        if not data:
            os._exit(0)
        for _, _, attached in ancillary:
            descriptors.frombytes(attached)
        if not ancillary or flags & socket.MSG_CTRUNC:  # the latter where this process may not have so many
            raise ProtocolError(f"{len(descriptors)} of {count} descriptors came")
    return descriptors.tolist()


def _fork() -> tuple[int, str]:
    """Forks a worker that is the master's child and not ours. Returns its number, or why there is none; 0 in the worker.

    For that a process between the two forks it and ends. The master has said that it adopts what is orphaned below it
    (prctl(2), PR_SET_CHILD_SUBREAPER). So it waits for this worker as for all others, the worker does not end with us,
    and we have nobody to bury.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # the application may have put anything there
            stream.flush()  # or two processes will write what is in it
    ours, theirs = os.pipe()
    try:
        between = _fork_quietly()
        if between == 0:
            os.close(ours)
            return _fork_and_leave(theirs), ""
    except OSError as error:
        os.close(theirs)
        os.close(ours)
        return 0, str(error)
    os.close(theirs)
    with contextlib.suppress(ChildProcessError):  # a handler of the application's may have waited for it
        os.waitpid(between, 0)
    said = os.read(ours, _LONGEST).decode()  # it waits for nobody: the worker closes its end at once
    os.close(ours)
    return (int(said), "") if said.isdigit() else (0, said or "the process between was killed")


def _fork_and_leave(answer: int) -> int:
    """Forks the worker and returns 0 in it. The process between never returns: it would be a second template."""
    try:
        worker = _fork_quietly()
        if worker == 0:
            os.close(answer)
            return 0
        said = str(worker)
    except BaseException as error:
        said = f"{type(error).__name__}: {error}"[:_LONGEST]
    try:
        os.write(answer, said.encode("ascii", "replace"))
    finally:  # also when the template is gone, and nobody reads
        os._exit(0)


def _fork_quietly() -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of threads: the master does that, with their names
        return os.fork()


def _become_worker(boot: Boot, descriptors: list[int]) -> tuple[socket.socket, Boot]:
    """Takes what the master has sent in the place of what the template has."""
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)  # as every worker has its own
    *_, out, err, lifeline = descriptors
    for stream, number in ((out, 1), (err, 2)):
        os.dup2(stream, number)
        os.close(stream)
    _end_with(lifeline)
    boot["slots"] = [tuple(descriptors[position] for position in slot) for slot in boot["slots"]]
    boot.update({name: descriptors[boot[name]] for name in ("dump", "marks")})
    return socket.socket(fileno=descriptors[0]), boot


def _end_with(lifeline: int) -> None:
    """Has the kernel kill this process when the other end of a pipe is closed, which nobody writes to: with its master.

    What other workers have instead, a signal at the death of the parent, needs a system call that Python does not have.
    """
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    ended = select.poll()
    ended.register(lifeline, 0)
    if ended.poll(0):  # before it could have had us killed
        os._exit(0)
