"""Plays the master on one slot, in the same thread as the worker, so that what was sent so far can be looked at."""

from __future__ import annotations

import array
import contextlib
import marshal
import os
import select
import socket
import tempfile
import threading
import unittest
from collections.abc import Iterator
from typing import Any, NamedTuple

from forebay import environ, frame, loop
from forebay.slot import Slot

NAMES = {
    frame.RESPONSE: "RESPONSE",
    frame.HEADER: "HEAD",
    frame.CHUNK: "CHUNK",
    frame.END: "END",
    frame.ABORT: "ABORT",
    frame.ERROR: "ERROR",
    frame.WANT: "WANT",
    frame.IDLE: "IDLE",
    frame.SHARED: "SHARED",
}

PLAIN = [("Content-Type", "text/plain")]


class Answer(NamedTuple):
    """A frame of the worker's: its kind by name, its flags, what it holds, and the descriptor that came with it."""

    kind: str
    flags: int
    value: Any
    descriptor: int | None = None


def get(**more: Any) -> dict[str, Any]:
    """Returns what the master sends as the environ of a simple request."""
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        **more,
    }


class Conversation(unittest.TestCase):
    """A test case with one slot. ask runs an application for one request and returns all frames that it led to."""

    def setUp(self) -> None:
        # One socket stands for both pipes: what the worker reads and writes does not see the difference.
        self.master, worker = socket.socketpair()
        self.files, files = socket.socketpair()
        self.slot = Slot(os.dup(worker.fileno()), os.dup(worker.fileno()), files)
        self.constant = environ.base({"SCRIPT_NAME": "", "wsgi.multiprocess": True}, threads=1)
        worker.close()
        for each in (self.master, self.files, self.slot):
            self.addCleanup(each.close)

    def share(self, size: int) -> None:
        """Gives the slot an area of so many bytes."""
        self.taken = array.array("I", [0])
        self.slot.area, self.slot.taken = memoryview(bytearray(size)), self.taken

    def ask(self, app: Any, body: bytes = b"", **more: Any) -> list[Answer]:
        self.master.sendall(frame.encode(frame.REQUEST, 0, (get(**more), body)))
        self.assertTrue(loop.serve_next(self.slot, app, self.constant))
        return self.arrived()

    def serve(self, app: Any, count: int = 1) -> None:
        """Serves so many requests, which may be fewer steps of the loop."""
        last = (self.slot.request + count) % (1 << 32)
        while self.slot.request != last:
            self.assertTrue(loop.serve_next(self.slot, app, self.constant))

    @contextlib.contextmanager
    def answering_want(self, descriptors: list[int]) -> Iterator[list[bytes]]:
        """Answers the worker's next frame, which the list receives, with descriptors."""
        wanted: list[bytes] = []

        def answer() -> None:
            wanted.append(self.master.recv(frame.HEAD.size))
            socket.send_fds(self.files, [b"\0"], descriptors)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield wanted
        finally:
            thread.join(10)
            self.assertFalse(thread.is_alive())

    def temporary_file(self, size: int) -> str:
        """Returns the path of a new file of so many zero bytes, nearly none of which take room on the disk."""
        descriptor, path = tempfile.mkstemp()
        self.addCleanup(os.unlink, path)
        os.truncate(descriptor, size)
        os.close(descriptor)
        return path

    def arrived(self) -> list[Answer]:
        """Returns the frames that the worker has sent and that were not looked at yet."""
        answers = []
        while select.select([self.master], [], [], 0)[0]:
            answers.append(self._receive())
        return answers

    def _receive(self) -> Answer:
        length, kind, flags = frame.HEAD.unpack(self.master.recv(frame.HEAD.size))
        descriptors: list[int] = []
        if kind == frame.HEADER and flags & frame.HEADER_FILE:
            _, descriptors, _, _ = socket.recv_fds(self.files, 1, 1)
        for descriptor in descriptors:
            self.addCleanup(os.close, descriptor)
        payload = b""
        while len(payload) < length:
            payload += self.master.recv(length - len(payload))
        value: Any = payload
        if kind == frame.SHARED:
            assert self.slot.area is not None
            value = bytes(self.slot.area[: frame.SIZE.unpack(payload)[0]])
            self.taken[0] += 1
        elif kind != frame.CHUNK:
            value = marshal.loads(payload) if payload else None
        return Answer(NAMES[kind], flags, value, descriptors[0] if descriptors else None)

    def kinds(self, answers: list[Answer]) -> list[str]:
        return [answer.kind for answer in answers]

    def body(self, answers: list[Answer]) -> bytes:
        """Returns the body that the frames make up."""
        whole = b""
        for answer in answers:
            if answer.kind == "RESPONSE":
                whole += answer.value[2]
            elif answer.kind in ("CHUNK", "SHARED"):
                whole += answer.value
        return whole
