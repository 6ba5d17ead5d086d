"""The operator's hooks: which shapes they may have, when each is called, and what becomes of one that fails."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from forebay import frame, hooks
from forebay.app import LoadError

from .forked import TemplateCase
from .process import ProcessCase, Worker
from .test_process import HELLO

BOOT = {"master": 41, "age": 7, "environ": {"forebay.workers": 4, "forebay.worker": 3}}


class HooksCase(ProcessCase):
    def hooks(self, text: str) -> str:
        """Writes a file of hooks and returns its path."""
        path = Path(self.directory, "my hooks.py")  # nothing that could be imported by its name
        path.write_text(text, "utf-8")
        return str(path)


class TestLoad(HooksCase):
    def test_without_a_file_nothing_happens(self) -> None:
        none = hooks.load("")
        none.post_fork(BOOT)
        none.when_ready()
        none.worker_exit()

    def test_shapes(self) -> None:
        seen: list[Any] = []
        for definition, want in {
            "def post_fork(worker): seen.append(worker.age)": 7,
            "def post_fork(server, worker): seen.append((server.pid, worker.age))": (41, 7),
            "def post_fork(worker, more=1): seen.append((worker.age, more))": (7, 1),
            "def post_fork(*given): seen.append([each.age for each in given])": [7],
            "def post_fork(server, worker, more=1): seen.append((server.pid, worker.age, more))": (41, 7, 1),
            "post_fork = lambda worker: seen.append(worker.number)": 3,
            "class Hook:\n    def __call__(self, server, worker): seen.append(server.num_workers)\npost_fork = Hook()": 4,
        }.items():
            with self.subTest(definition):
                loaded = hooks.load(self.hooks(definition))
                sys.modules["__hooks__"].seen = seen  # type: ignore[attr-defined]
                loaded.post_fork(BOOT)
                self.assertEqual(seen.pop(), want)

    def test_what_hooks_are_given(self) -> None:
        loaded = hooks.load(self.hooks("def post_fork(server, worker): given[:] = server, worker\ngiven = []"))
        loaded.post_fork(BOOT)
        server, worker = sys.modules["__hooks__"].given
        self.assertEqual((server.pid, server.num_workers), (41, 4))
        self.assertEqual((worker.pid, worker.ppid, worker.age, worker.number), (os.getpid(), 41, 7, 3))
        self.assertIs(server.log, worker.log)

    def test_files_that_are_refused(self) -> None:
        for text, want in {
            "": "defines none of post_fork, when_ready, worker_exit",
            "def on_starting(server): pass": "defines none of",
            "post_fork = 'echo'": "the hook post_fork is of type str and cannot be called",
            "def post_fork(): pass": r"the hook post_fork\(\) should be post_fork\(worker\) or \(server, worker\)",
            "def post_fork(a, b, c): pass": "the hook post_fork",
            "def worker_exit(*, worker): pass": "the hook worker_exit",
            "def when_ready(server, worker): pass": r"should be when_ready\(server\)",
        }.items():
            with self.subTest(text), self.assertRaisesRegex(LoadError, want):
                hooks.load(self.hooks(text))

    def test_faults_of_the_file_pass_through(self) -> None:
        with self.assertRaises(ZeroDivisionError):
            hooks.load(self.hooks("1 / 0"))
        with self.assertRaises(SyntaxError):
            hooks.load(self.hooks("def post_fork(worker:"))
        with self.assertRaises(FileNotFoundError):
            hooks.load(self.directory + "/none.py")

    def test_encoding_of_the_file_is_its_own_affair(self) -> None:
        path = self.hooks("")
        Path(path).write_bytes(
            "# coding: latin-1\ndef post_fork(worker): seen.append('é')\nseen = []\n".encode("latin-1")
        )
        hooks.load(path).post_fork(BOOT)
        self.assertEqual(sys.modules["__hooks__"].seen, ["é"])


class TestInAWorker(HooksCase):
    def boot(self, hooks_text: str, app_text: str = HELLO, age: int = 1) -> tuple[Worker, int, Any]:
        self.module("shop", app_text)
        worker = Worker(self)
        path = self.hooks(hooks_text)
        return worker, *worker.boot("shop:app", [self.directory], hooks=path, master=os.getpid(), age=age)

    def test_life(self) -> None:
        worker, kind, _ = self.boot(
            "def post_fork(worker): worker.log.info('fork')\n"
            "def when_ready(server): server.log.warning('ready %d', server.pid)\n"
            "def worker_exit(server, worker): worker.log.info('exit %s', worker.pid)\n",
            "import atexit, logging.config, sys\nprint('import', file=sys.stderr)\n"
            "logging.config.dictConfig({'version': 1})  # which turns every log off that is known\n"
            "atexit.register(lambda: print('atexit', file=sys.stderr))\n" + HELLO,
        )
        self.assertEqual(kind, frame.READY)
        stderr = worker.process.stderr
        assert stderr is not None
        self.assertEqual([stderr.readline() for _ in range(2)], [b"INFO fork\n", b"import\n"])
        worker.control.sendall(frame.HEAD.pack(0, frame.SERVING, 0))
        self.assertEqual(stderr.readline(), f"WARNING ready {os.getpid()}\n".encode())
        worker.drain()
        self.assertEqual(worker.wait(), (0, "", f"INFO exit {worker.process.pid}\natexit\n"))

    def test_hooks_that_are_never_called_are_told_once(self) -> None:
        text = "def pre_fork(server, worker): pass\ndef post_fork(worker): pass\non_exit = 7\ndef child_exit(s, w): pass\n"
        for age, want in ((1, "WARNING hooks that are never called: pre_fork, child_exit\n"), (2, "")):
            worker, kind, _ = self.boot(text, age=age)
            self.assertEqual(kind, frame.READY)
            worker.drain()
            self.assertEqual(worker.wait(), (0, "", want))

    def test_hooks_that_are_not_there_are_not_missed(self) -> None:
        worker, kind, _ = self.boot("def worker_exit(worker): print('exit')")
        self.assertEqual(kind, frame.READY)
        worker.control.sendall(frame.HEAD.pack(0, frame.SERVING, 0))
        self.assertEqual(worker.ask()[2][2], b"hello")
        worker.drain()
        self.assertEqual(worker.wait(), (0, "exit\n", ""))

    def test_serving_without_a_file(self) -> None:
        worker = self.started(HELLO)
        worker.control.sendall(frame.HEAD.pack(0, frame.SERVING, 0))
        self.assertEqual(worker.ask()[2][2], b"hello")

    def test_post_fork_that_fails_is_a_start_that_fails(self) -> None:
        worker, kind, (text,) = self.boot("def post_fork(worker):\n    raise RuntimeError('no tracer')\n")
        self.assertEqual(kind, frame.FAILED)
        lines = text.splitlines()
        self.assertRegex(lines[1], r'my hooks\.py", line 2, in post_fork$')
        self.assertEqual(lines[-1], "RuntimeError: no tracer")
        self.assertEqual(worker.wait()[0], 3)

    def test_post_fork_that_exits_is_a_start_that_fails(self) -> None:
        _, kind, (text,) = self.boot("import sys\ndef post_fork(worker): sys.exit('no licence')\n")
        self.assertEqual(kind, frame.FAILED)
        self.assertIn("SystemExit: no licence", text)

    def test_file_that_is_refused_is_a_start_that_fails(self) -> None:
        _, kind, (text,) = self.boot("post_fork = 1")
        self.assertEqual((kind, text), (frame.FAILED, "the hook post_fork is of type int and cannot be called\n"))

    def test_other_hooks_that_fail_are_shown_and_change_nothing(self) -> None:
        worker, _, _ = self.boot(
            "def when_ready(server):\n    raise RuntimeError('not ready')\n"
            "def worker_exit(worker):\n    raise SystemExit(9)\n"
        )
        worker.control.sendall(frame.HEAD.pack(0, frame.SERVING, 0))
        stderr = worker.process.stderr
        assert stderr is not None
        lines = [stderr.readline().decode() for _ in range(4)]
        self.assertRegex(lines[1], r'my hooks\.py", line 2, in when_ready$')
        self.assertEqual(lines[3], "RuntimeError: not ready\n")
        self.assertEqual(worker.ask()[2][2], b"hello")
        worker.drain()
        status, _, err = worker.wait()
        self.assertEqual(status, 0)
        self.assertTrue(err.endswith("SystemExit: 9\n"), err)

    def test_a_hook_that_blocks_keeps_the_worker_from_nothing(self) -> None:
        worker, _, _ = self.boot("import threading\ndef when_ready(server): threading.Event().wait()\n")
        worker.control.sendall(frame.HEAD.pack(0, frame.SERVING, 0))
        self.assertEqual(worker.ask()[2][2], b"hello")
        worker.drain()
        self.assertEqual(worker.wait(), (0, "", ""))


class TestInAForkedWorker(TemplateCase):
    def test_the_file_is_run_once_and_before_the_application(self) -> None:
        path = os.path.join(self.directory, "my_hooks.py")
        Path(path).write_text(
            "print('hooks')\ndef post_fork(worker): print('fork', worker.pid, worker.number)\n", "utf-8"
        )
        template, _ = self.template("print('import')\n" + HELLO, hooks=path)
        for number in (1, 2):
            worker = self.forked(template, environ={"SCRIPT_NAME": "", "forebay.worker": number})
            pid = worker.pid
            worker.drain()
            self.assertEqual(worker.wait(), (0, f"fork {pid} {number}\n", ""))
        template.control.close()
        self.assertEqual(template.wait(), (0, "hooks\nimport\n", ""))

    def test_post_fork_that_fails_is_told_by_the_worker(self) -> None:
        path = os.path.join(self.directory, "my_hooks.py")
        Path(path).write_text(
            "def post_fork(worker):\n    if worker.age == 1: raise RuntimeError('no tracer')\n", "utf-8"
        )
        template, _ = self.template(HELLO, hooks=path)
        worker = template.fork(self)
        kind, _, (text,) = worker.answer(worker.control)
        self.assertEqual(kind, frame.FAILED)
        self.assertTrue(text.endswith("RuntimeError: no tracer\n"), text)
        self.assertEqual(worker.wait()[0], 3)
        self.assertEqual(self.forked(template, age=2).ask()[2][2], b"hello")
