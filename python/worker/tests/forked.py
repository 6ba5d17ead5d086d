"""Has a template fork workers, as the master does: with descriptors that are sent to it, as the parent of whom it forks."""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import socket
import tempfile
import unittest
from typing import Any

from forebay import frame

from .process import DEADLINE, ProcessCase, Worker

_PR_SET_CHILD_SUBREAPER = 36


class Template(Worker):
    """A template, and the process that gets its orphans."""

    def __init__(self, case: unittest.TestCase) -> None:
        super().__init__(case, threads=0)

    def fork(self, case: unittest.TestCase, threads: int = 1, **more: Any) -> Forked:
        forked = Forked(case, threads)
        forked.send_to(self, **more)
        kind, _, (forked.pid, text) = self.answer(self.control)
        assert kind == frame.FORKED and forked.pid > 0, (kind, forked.pid, text)
        return forked


class Forked(Worker):
    """A worker that was forked, seen from the master's end of its sockets."""

    def __init__(self, case: unittest.TestCase, threads: int = 1) -> None:
        self.pid = 0
        self.control, control = socket.socketpair()
        self.out, out = os.pipe()
        self.err, err = os.pipe()
        end, self.lifeline = os.pipe()
        dump, dump_to = os.pipe()
        marks = tempfile.TemporaryFile()
        marks.truncate(4 * threads)
        self.begun = mmap.mmap(marks.fileno(), 4 * threads)
        case.addCleanup(marks.close)
        case.addCleanup(self.begun.close)
        case.addCleanup(self._end, self.out, self.err, self.lifeline, dump)
        self._theirs = [control.detach()]
        self.descriptors, self.slots, self.files = [], [], []
        for _ in range(threads):
            near, far = socket.socketpair()
            near_file, far_file = socket.socketpair()
            self.slots.append(near)
            self.files.append(near_file)
            first = len(self._theirs)
            self._theirs += [far.fileno(), os.dup(far.detach()), far_file.detach()]
            self.descriptors.append((first, first + 1, first + 2))
        self._dump_position = len(self._theirs)
        self._theirs += [dump_to, os.dup(marks.fileno()), out, err, end]
        for sock in (self.control, *self.slots):
            sock.settimeout(DEADLINE)

    def send_to(self, template: Template, short: int = 0, **more: Any) -> None:
        """Asks for the worker. A positive short says that so many of its descriptors are kept back."""
        request = {
            "slots": self.descriptors,
            "dump": self._dump_position,
            "marks": self._dump_position + 1,
            "descriptors": len(self._theirs),
            "environ": {"SCRIPT_NAME": ""},
            "age": 1,
            "master": os.getpid(),
        }
        template.control.sendall(frame.encode(frame.FORK, 0, {**request, **more}))
        sent = self._theirs[: len(self._theirs) - short]
        for start in range(0, len(sent), 2):  # in several messages
            socket.send_fds(template.control, [b"\0"], sent[start : start + 2])
        for descriptor in self._theirs:
            os.close(descriptor)

    def wait(self) -> tuple[int, str, str]:
        """Returns exit status, stdout and stderr once the process has ended."""
        pid, self.pid = self.pid, 0
        _, status = os.waitpid(pid, 0)
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
        return code, os.read(self.out, 1 << 20).decode(), os.read(self.err, 1 << 20).decode()

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def _end(self, *descriptors: int) -> None:
        if self.pid > 0:
            self.kill()
            os.waitpid(self.pid, 0)
        for sock in (self.control, *self.slots, *self.files):
            sock.close()
        for descriptor in descriptors:
            os.close(descriptor)


class TemplateCase(ProcessCase):
    """A test case that gets orphans, as the master does."""

    def setUp(self) -> None:
        super().setUp()
        library = ctypes.CDLL(None)
        if not hasattr(library, "prctl"):
            self.skipTest("only Linux gives orphans to who asks for them")
        library.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.addCleanup(library.prctl, _PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)

    def template(self, text: str, **more: Any) -> tuple[Template, dict[str, Any]]:
        """Returns a template that has imported the application in text, and what it said of itself."""
        self.module("shop", text)
        template = Template(self)
        kind, ready = template.boot("shop:app", [self.directory], template=True, **more)
        self.assertEqual(kind, frame.READY, ready)
        return template, ready

    def forked(self, template: Template, threads: int = 1, **more: Any) -> Forked:
        """Returns a worker that is ready."""
        forked = template.fork(self, threads, **more)
        kind, _, value = forked.answer(forked.control)
        self.assertEqual(kind, frame.READY, value)
        return forked
