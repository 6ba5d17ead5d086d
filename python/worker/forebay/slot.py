"""A slot: where one thread takes its requests from and answers them."""

from __future__ import annotations

import array
import contextlib
import errno
import os
import socket
import threading
import time
from collections.abc import Iterator, MutableSequence, Sequence
from typing import BinaryIO

from . import fault
from .frame import FREE, HEAD, IDLE, WANT, Frame, ProtocolError, Reader
from .gate import Gate
from .state import SlotState, write_now

_WANT = HEAD.pack(0, WANT, 0)
_IDLE = HEAD.pack(0, IDLE, 0)

# Python does not set this itself, and a process that the application starts must not inherit uploads. macOS lacks it.
_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)

# Answers within a batch are held back so that one write carries several: for so many bytes, and for so long.
_HOLD_BYTES = 48 << 10
_HOLD_SECONDS = 0.001

COUNT = 0xFFFFFFFF  # requests are counted modulo 2**32


class ClientGone(ConnectionError):
    """The client has left, or the master has taken the slot back: what is written now, nobody reads."""


class Slot(SlotState):
    """Belongs to its thread, except for cancel, recall and gate.interrupt, which the main thread calls.

    Requests may come in a batch. The lock guards the answers that are held back, and what recall takes away from the
    thread; without a batch it is never taken.
    """

    __slots__ = ("requests", "files", "cancelled", "kept", "lock", "closed", "area", "taken", "shared")

    def __init__(
        self,
        requests: int,
        answers: int,
        files: socket.socket,
        begun: MutableSequence[int] | None = None,
        area: memoryview | None = None,
        taken: Sequence[int] = (),
    ) -> None:
        self.requests = requests
        self.answers = answers
        self.files = files
        self.reader = Reader(requests)
        self.request = 0  # the last that was taken, counted modulo 2**32 as the master counts
        self.gate = Gate()
        self.cancelled = -1
        self.recalled = -1  # requests after kept and up to this one are not run; -1: there are none
        self.kept = 0
        self.lock = threading.Lock()
        self.held: list[bytes] = []  # answers that were not written yet
        self.size = 0  # of them, but for one that is about to be written
        self.since = 0.0  # when the first of them was held
        self.hold = _HOLD_SECONDS  # for how long
        self.once = False  # the request must not be run twice, so its answer is not held
        self.closing = False  # the last of them says that the thread is free, but it still runs close() of the iterable
        self.recalling = False  # the lock is held by recall, so native code must not add to what is held
        self.closed = False
        # The last request that the application was called for, as its only item. The master reads it when this process
        # has died: what was not begun, another worker may run.
        self.begun: MutableSequence[int] = [0] if begun is None else begun
        # Memory that the master sees, how often it has taken what was there, and how often something was put there.
        self.area = area
        self.taken = taken
        self.shared = 0

    def take(self) -> Frame | None:
        """Waits for the next request and begins it. None says that the master has closed the slot."""
        reader = self.reader
        try:
            while True:
                batch = reader.pending
                if self.held and (not batch or time.monotonic() - self.since > self.hold):
                    self.send(b"")  # nothing is held while the thread waits: what followed may have been recalled
                found = reader.read()
                # Counted first and looked at then, and recall does it the other way round: one of the two sees the
                # other, and where both do, the lock decides.
                self.request = (self.request + 1) & COUNT
                if self.recalled < 0 or self._is_kept():
                    return found
        except (OSError, EOFError) as error:
            if isinstance(error, OSError) and error.errno == errno.EBADF and not self.closed:
                fault.say_closed()
            return None

    def _is_kept(self) -> bool:
        """Says whether the request that was counted last is to be run, although some were recalled."""
        with self.lock:
            if self.recalled < 0:
                return True
            kept = not _is_after(self.request, self.kept)
            if self.request == self.recalled:
                self.recalled = -1
            return kept

    def recall(self, last: int) -> int:
        """Takes the requests up to last that were not begun away from the thread, and returns the last that was."""
        with self.lock, self._alone():
            self._flush()
            # While some of an earlier recall are still to be dropped, the last that was counted may be one of them, and
            # none that came after them was begun.
            dropping = self.recalled >= 0
            self.recalled = last & COUNT
            if not dropping:
                self.kept = self.request
            if not _is_after(self.recalled, self.kept):  # all were begun
                self.recalled = -1
            return self.kept

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keeps native code, which takes no lock, from adding to what is held."""
        self.recalling = True
        try:
            yield
        finally:
            self.recalling = False

    def cancel(self, request: int) -> None:
        """Notes that the client of a request has left. It is forgotten if that request is over."""
        self.cancelled = request & COUNT

    def client_gone(self) -> bool:
        return self.cancelled == self.request

    def answer(self, data: bytes, closing: bool) -> None:
        """Takes a whole answer within a batch, which says that the thread is free. It may wait for the next one.

        If closing is set the iterable is still to be closed, and free has to follow. close() may take long: the master
        recalls what comes behind it then, and gets what is held. If it has done so before, nothing would end the wait.
        """
        with self.lock:
            if not self.held:
                self.since = time.monotonic()
            self.held.append(data)
            self.size += len(data)
            self.closing = closing
            if self.size > _HOLD_BYTES or (closing and self.recalled >= 0):
                self._flush()

    def free(self) -> None:
        """Says that the thread is back after close(), unless the answer, which is still held, says so."""
        if self.closing:
            with self.lock:
                if self.closing:
                    self.closing = False
                    return
        self.send(_IDLE)

    def send(self, data: bytes) -> None:
        if self.held:
            with self.lock:
                self.held.append(data)
                self._flush()
            return
        self._write(data)

    def _flush(self) -> None:
        if self.held:
            if self.closing:
                self.closing = False
                self.held[-1] = _without_free(self.held[-1])
            self._write(b"".join(self.held))
            self.size = 0
            self.held.clear()  # not before: while anything is held, the thread waits for the lock and keeps the order

    def _write(self, data: bytes) -> None:
        try:
            sent = write_now(self.answers, data)
            while sent < len(data):  # cut short: by a full pipe, by a signal, or above 2 GiB
                data = data[max(sent, 0) :]
                sent = os.write(self.answers, data)
        except OSError as error:
            raise ClientGone("client gone") from error

    def send_parts(self, parts: Sequence[bytes]) -> None:
        """Sends all parts in one system call, without copying them."""
        if self.held:
            self.send(b"")
        try:
            sent = os.writev(self.answers, parts)
            for part in parts:
                while sent < len(part):  # cut short: by a signal, or above 2 GiB
                    sent += os.write(self.answers, memoryview(part)[sent:])
                sent -= len(part)
        except OSError as error:
            raise ClientGone("client gone") from error

    def share(self, data: bytes) -> int:
        """Puts the beginning of data where the master can read it, and returns how much that was: 0 if it has not taken
        what was there before."""
        area = self.area
        if area is None or self.taken[0] != self.shared:
            return 0
        size = min(len(data), len(area))
        area[:size] = data if size == len(data) else memoryview(data)[:size]
        self.shared = (self.shared + 1) & COUNT
        return size

    def send_with_file(self, data: bytes, descriptor: int) -> None:
        """Sends data, and ahead of it the descriptor of a file."""
        try:
            socket.send_fds(self.files, [b"\0"], [descriptor])
        except OSError as error:
            raise ClientGone("client gone") from error
        self.send(data)

    def receive_file(self) -> BinaryIO | None:
        """Asks the master for the body of the current request, and returns it at its beginning; None if it is refused."""
        if self.reader.pending:
            raise ProtocolError("a request with a file came within a batch")
        self.send(_WANT)
        descriptors = array.array("i")
        space = socket.CMSG_LEN(descriptors.itemsize)
        data, ancillary, _, _ = self.files.recvmsg(1, space, _CLOSE_ON_EXEC)
        if not data:
            raise ClientGone("client gone")
        for _, _, attached in ancillary:
            descriptors.frombytes(attached)
        if not descriptors:
            return None
        if len(descriptors) != 1:
            raise ProtocolError(f"{len(descriptors)} descriptors came in place of a request's body")
        # Whoever wrote the file left its offset, which all its descriptors share, at the end.
        os.lseek(descriptors[0], 0, os.SEEK_SET)
        return open(descriptors[0], "rb")

    def close(self) -> None:
        self.closed = True
        # Each may be closed already: in a child of the application's, or by the application.
        for descriptor in (self.requests, self.answers):
            with contextlib.suppress(OSError):
                os.close(descriptor)
        with contextlib.suppress(OSError):
            self.files.close()


def _without_free(answer: bytes) -> bytes:
    length, kind, flags = HEAD.unpack_from(answer)
    return HEAD.pack(length, kind, flags & ~FREE) + answer[HEAD.size :]


def _is_after(request: int, other: int) -> bool:
    """Says whether a request comes after another one. The numbers go round, but never half way between the two."""
    return 0 < (request - other) & COUNT < 1 << 31
