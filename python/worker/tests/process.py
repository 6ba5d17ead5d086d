"""Starts the worker program as the master does: from text, with a control socket and one socket for each thread."""

from __future__ import annotations

import marshal
import os
import select
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

from forebay import frame

from . import NATIVE
from .conversation import get

PROGRAM = Path(__file__).parents[1]
SOURCES = 31
DEADLINE = 20  # seconds, for whatever another process is to do


def sources() -> dict[str, Any]:
    texts: dict[str, Any] = {f"forebay.{path.stem}": path.read_text("utf-8") for path in (PROGRAM / "forebay").glob("*.py")}
    texts["forebay"] = texts.pop("forebay.__init__")
    if NATIVE:
        texts["forebay._native"] = Path(NATIVE).read_bytes()
    return texts


class Worker:
    """One worker process, seen from the master's end of its sockets. It runs the text before in front of the program."""

    def __init__(self, case: unittest.TestCase, threads: int = 1, dump: bool = False, before: str = "") -> None:
        self.control, control = socket.socketpair()
        pairs = [socket.socketpair() for _ in range(threads)]
        self.slots = [near for near, _ in pairs]
        files = [socket.socketpair() for _ in range(threads)]
        self.files = [near for near, _ in files]
        # One socket stands for the pipe of requests and that of answers, under two numbers.
        answers = [far.dup() for _, far in pairs]
        theirs = [control, *(far for _, far in pairs), *answers, *(far for _, far in files)]
        self.descriptors = [
            (far.fileno(), answer.fileno(), file.fileno()) for (_, far), answer, (_, file) in zip(pairs, answers, files)
        ]
        self._dump, self._dump_to = os.pipe() if dump else (-1, -1)
        for sock in theirs:
            sock.setblocking(False)  # as the master may leave them: the worker must not mind
        self.process = subprocess.Popen(
            [sys.executable, "-c", before + (PROGRAM / "bootstrap.py").read_text("utf-8"), str(control.fileno())],
            pass_fds=[sock.fileno() for sock in theirs] + [self._dump_to] * dump,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        case.addCleanup(self._end)
        for sock in theirs:
            sock.close()
        for sock in (self.control, *self.slots):
            sock.settimeout(DEADLINE)

    def _end(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=DEADLINE)
        for sock in (self.control, *self.slots, *self.files):
            sock.close()
        for descriptor in {self._dump, self._dump_to} - {-1}:
            os.close(descriptor)

    def boot(self, spec: str, path: list[str], **more: Any) -> tuple[int, Any]:
        """Sends SOURCES and BOOT, and returns kind and value of the answer."""
        self.control.sendall(frame.encode(SOURCES, 0, sources()))
        boot: dict[str, Any] = {
            "spec": spec,
            "path": path,
            "slots": self.descriptors,
            "environ": {"SCRIPT_NAME": ""},
            "sample": None,
        }
        if self._dump_to >= 0:
            boot["dump"] = self._dump_to
        self.control.sendall(frame.encode(frame.BOOT, 0, {**boot, **more}))
        return self.answer(self.control)[::2]

    def ask(self, slot: int = 0, body: bytes = b"", **more: Any) -> tuple[int, int, Any]:
        self.send(slot, body, **more)
        return self.answer(self.slots[slot])

    def send(self, slot: int = 0, body: bytes = b"", **more: Any) -> None:
        self.slots[slot].sendall(frame.encode(frame.REQUEST, 0, (get(**more), body)))

    def answer(self, sock: socket.socket) -> tuple[int, int, Any]:
        found = frame.read(sock)
        assert found is not None, "the worker closed the socket"
        kind, flags, payload = found
        value: Any = bytes(payload)
        if kind != frame.CHUNK:
            value = marshal.loads(payload) if len(payload) else None
        return kind, flags, value

    def dumped(self) -> bytes:
        """Returns the stack that a thread has written; it is whole when nothing more comes."""
        text, wait = b"", float(DEADLINE)
        while select.select([self._dump], [], [], wait)[0]:
            text, wait = text + os.read(self._dump, 1 << 16), 0.1
        return text

    def drain(self) -> None:
        self.control.sendall(frame.HEAD.pack(0, frame.DRAIN, 0))

    def wait(self) -> tuple[int, str, str]:
        """Returns exit status, stdout and stderr once the process has ended."""
        out, err = self.process.communicate(timeout=DEADLINE)
        return self.process.returncode, out.decode(), err.decode()


class ProcessCase(unittest.TestCase):
    """A test case that writes applications as modules and starts workers on them."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = os.path.realpath(directory.name)

    def module(self, name: str, text: str) -> None:
        Path(self.directory, f"{name}.py").write_text(text, "utf-8")

    def started(self, text: str, spec: str = "shop:app", threads: int = 1) -> Worker:
        """Returns a worker that is ready to run the application in text."""
        self.module("shop", text)
        worker = Worker(self, threads)
        kind, value = worker.boot(spec, [self.directory])
        self.assertEqual(kind, frame.READY, value)
        return worker
