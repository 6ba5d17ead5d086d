"""The life of a real worker process: boot, signals, drain, and the end of its master."""

from __future__ import annotations

import contextlib
import os
import platform
import signal
import socket
import subprocess
import sys
import threading
import unittest
from pathlib import Path

from forebay import frame

from .golden import SAMPLE
from . import NATIVE
from .process import DEADLINE, ProcessCase, Worker

PROGRAM = Path(__file__).parent.parent

HELLO = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]
"""

# Answers with what an expression gives, which stands in the query string.
EVALUATING = """
import os, signal, socket, subprocess, sys, threading, traceback
def app(environ, start_response):
    start_response("200 OK", [])
    return [str(eval(environ["QUERY_STRING"])).encode()]
"""


class TestBoot(ProcessCase):
    def test_ready_says_what_runs(self) -> None:
        self.module("shop", HELLO)
        worker = Worker(self)
        kind, ready = worker.boot("shop:app", [self.directory], sample=SAMPLE)
        self.assertEqual(kind, frame.READY)
        self.assertEqual(ready.pop("sample"), SAMPLE)
        (thread,) = ready.pop("threads")
        self.assertNotEqual(thread, worker.process.pid, "the slots' threads are others than the main thread")
        self.assertEqual(
            ready,
            {
                "python": platform.python_version(),
                "implementation": "CPython",
                "executable": sys.executable,
                "pid": worker.process.pid,
                "dump_signal": 0,
                "not_native": "" if NATIVE else "No module named 'forebay._native'",
                "interrupts": True,
                "gil": getattr(sys, "_is_gil_enabled", lambda: True)(),
            },
        )

    @unittest.skipUnless(NATIVE, "FOREBAY_NATIVE is not set")
    def test_python_alone_serves_where_native_code_cannot_be_loaded(self) -> None:
        self.module("shop", HELLO)
        for what in ("del os.memfd_create", "os.memfd_create = lambda name: os.open('/dev/full', os.O_WRONLY)"):
            with self.subTest(what):
                worker = Worker(self, before=f"import os; {what}\n")
                kind, ready = worker.boot("shop:app", [self.directory])
                self.assertEqual(kind, frame.READY, ready)
                self.assertIn("there is no memory for native code", ready["not_native"])
                self.assertEqual(worker.ask()[0], frame.RESPONSE)

    def test_serves(self) -> None:
        worker = self.started(HELLO)
        self.assertEqual(
            worker.ask(), (frame.RESPONSE, frame.FREE, ("200 OK", [("Content-Type", "text/plain")], b"hello"))
        )

    def test_argv_path_and_working_directory(self) -> None:
        worker = self.started(EVALUATING)
        expected = repr((["shop:app"], self.directory, False))
        found = worker.ask(QUERY_STRING="(sys.argv, sys.path[0], '' in sys.path)")[2][2]
        self.assertEqual(found.decode(), expected)

    def test_environ_of_boot_is_in_every_request(self) -> None:
        self.module("shop", EVALUATING)
        worker = Worker(self, threads=2)
        worker.boot("shop:app", [self.directory], environ={"SCRIPT_NAME": "/shop", "forebay.worker": 7})
        query = "[environ['SCRIPT_NAME'], environ['forebay.worker'], environ['wsgi.multithread']]"
        for slot in range(2):
            self.assertEqual(worker.ask(slot, QUERY_STRING=query)[2][2], b"['/shop', 7, True]")

    def test_modules_of_the_application_do_not_shadow_the_librarys(self) -> None:
        for name in ("socket", "marshal", "faulthandler", "platform"):
            self.module(name, "raise RuntimeError('shadowed')")
        self.started(HELLO)

    def test_failed_shows_the_applications_traceback_and_the_status_is_3(self) -> None:
        self.module("shop", "def start():\n    raise RuntimeError('no database')\nstart()\n")
        worker = Worker(self)
        kind, (text,) = worker.boot("shop:app", [self.directory])
        self.assertEqual(kind, frame.FAILED)
        lines = text.splitlines()
        self.assertEqual(lines[0], "Traceback (most recent call last):")
        self.assertRegex(lines[1], r'shop\.py", line 3, in <module>$')
        self.assertEqual(lines[-1], "RuntimeError: no database")
        self.assertEqual(worker.wait(), (3, "", ""))

    def test_failed_shows_a_syntax_error(self) -> None:
        self.module("shop", "app = (\n")
        worker = Worker(self)
        kind, (text,) = worker.boot("shop:app", [self.directory])
        self.assertEqual(kind, frame.FAILED)
        self.assertIn('shop.py", line 1\n    app = (\n', text)
        self.assertNotIn("importlib", text)
        self.assertNotIn("<forebay>", text)
        self.assertEqual(worker.wait()[0], 3)

    def test_failed_says_in_one_line_what_is_missing(self) -> None:
        worker = Worker(self)
        kind, (text,) = worker.boot("nowhere:app", [self.directory])
        self.assertEqual(kind, frame.FAILED)
        self.assertRegex(text, r"\Athere is no module nowhere for the application nowhere:app, .*\n\Z")
        self.assertEqual(worker.wait()[0], 3)

    def test_failed_after_threads_were_started_ends_the_process_all_the_same(self) -> None:
        self.module(
            "shop", "import threading\nthreading.Thread(target=threading.Event().wait).start()\nraise SystemExit(0)\n"
        )
        worker = Worker(self)
        kind, (text,) = worker.boot("shop:app", [self.directory])
        self.assertEqual(kind, frame.FAILED)
        self.assertIn("SystemExit: 0", text)
        self.assertEqual(worker.wait()[0], 3)

    def test_last_words_of_an_application_that_fails_are_not_lost(self) -> None:
        self.module("shop", "import sys\nsys.stdout.write('out')\nsys.stderr.write('err')\n1 / 0\n")
        worker = Worker(self)
        worker.boot("shop:app", [self.directory])
        self.assertEqual(worker.wait(), (3, "out", "err"))


class TestThreads(ProcessCase):
    def test_each_slot_has_its_thread_and_the_call_stack_is_plain(self) -> None:
        worker = self.started(EVALUATING, threads=2)
        for slot in range(2):
            name = worker.ask(slot, QUERY_STRING="threading.current_thread().name")[2][2]
            self.assertEqual(name.decode(), f"forebay-{slot}")
        stack = worker.ask(QUERY_STRING="[frame.name for frame in traceback.extract_stack()]")[2][2].decode()
        self.assertRegex(stack, r"'run', 'serve', 'serve_next', '(respond|hurry)', 'app', '<module>'\]$")

    def test_threads_run_at_the_same_time(self) -> None:
        worker = self.started(
            "import threading\nboth = threading.Barrier(2, timeout=20)\n"
            "def app(environ, start_response):\n    both.wait()\n    start_response('200 OK', [])\n    return []\n",
            threads=2,
        )
        worker.send(0)
        worker.send(1)
        self.assertEqual([worker.answer(slot)[0] for slot in worker.slots], [frame.RESPONSE] * 2)

    def test_cancel_reaches_the_thread(self) -> None:
        worker = self.started(
            "import itertools\n"
            "def app(environ, start_response):\n"
            "    start_response('200 OK', [])\n"
            "    return (b'x' * 1000 for _ in itertools.count())\n"
        )
        worker.send()
        self.assertEqual(worker.answer(worker.slots[0])[0], frame.HEADER)
        worker.control.sendall(frame.encode(frame.CANCEL, 0, (0, 1)))
        kind, value = frame.CHUNK, None
        while kind == frame.CHUNK:
            kind, _, value = worker.answer(worker.slots[0])
        self.assertEqual((kind, value), (frame.ABORT, ("client gone",)))
        self.assertEqual(worker.answer(worker.slots[0])[0], frame.IDLE)

    def test_response_longer_than_the_sockets_buffer(self) -> None:
        worker = self.started(
            "def app(environ, start_response):\n"
            "    start_response('200 OK', [])\n"
            "    return [b'x' * 3_000_000, b'y' * 3_000_000]\n"
        )
        worker.send()
        answers = [worker.answer(worker.slots[0]) for _ in range(4)]
        self.assertEqual([kind for kind, _, _ in answers], [frame.HEADER, frame.CHUNK, frame.CHUNK, frame.END])
        self.assertEqual([value for _, _, value in answers[1:3]], [b"x" * 3_000_000, b"y" * 3_000_000])

    def test_thread_that_is_sent_nonsense_closes_its_slot_and_says_why(self) -> None:
        worker = self.started(HELLO)
        worker.slots[0].sendall(frame.encode(99, 0, None))
        self.assertEqual(worker.slots[0].recv(1), b"")
        worker.drain()
        status, _, err = worker.wait()
        self.assertEqual(status, 0)
        self.assertIn("frame of kind 99 on a slot", err)
        self.assertIn('raise ProtocolError(f"frame of kind {kind} on a slot")', err)  # the program's own lines


class TestEnd(ProcessCase):
    def test_drain_runs_exit_handlers_and_flushes(self) -> None:
        worker = self.started(
            HELLO + "import atexit, sys\natexit.register(print, 'goodbye')\nsys.stdout.write('half a line, ')\n",
            threads=4,
        )
        worker.ask(2)
        worker.drain()
        self.assertEqual(worker.wait(), (0, "half a line, goodbye\n", ""))

    def test_end_of_the_control_stream_ends_the_process_at_once(self) -> None:
        worker = self.started(HELLO + "import atexit\natexit.register(print, 'never')\n")
        worker.control.close()
        self.assertEqual(worker.wait(), (0, "", ""))

    def test_end_of_the_control_stream_while_the_application_is_imported(self) -> None:
        self.module("shop", "import threading\nprint('importing')\nthreading.Event().wait()\n")
        worker = Worker(self)
        booting = threading.Thread(target=self.boot_and_lose, args=[worker])
        booting.start()
        assert worker.process.stdout is not None
        self.assertEqual(worker.process.stdout.readline(), b"importing\n")
        worker.control.shutdown(socket.SHUT_RDWR)
        booting.join(DEADLINE)
        self.assertEqual(worker.wait()[0], 0)

    def boot_and_lose(self, worker: Worker) -> None:
        with self.assertRaises(AssertionError):  # no READY, no FAILED
            worker.boot("shop:app", [self.directory])

    def test_end_of_the_control_stream_while_exit_handlers_run(self) -> None:
        worker = self.started(
            HELLO
            + "import atexit, threading\natexit.register(threading.Event().wait)\natexit.register(print, 'exiting')\n"
        )
        worker.drain()
        assert worker.process.stdout is not None
        self.assertEqual(worker.process.stdout.readline(), b"exiting\n")
        worker.control.close()
        self.assertEqual(worker.wait()[0], 0)

    def test_end_of_the_control_stream_before_something_is_said(self) -> None:
        program = (
            "import socket\nfrom forebay import frame\nours, theirs = socket.socketpair()\ntheirs.close()\n"
            "frame.tell(ours, frame.READY, {})\nprint('on we go')"
        )
        done = subprocess.run([sys.executable, "-c", program], cwd=PROGRAM, capture_output=True, text=True, timeout=DEADLINE)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_end_of_the_control_stream_before_boot(self) -> None:
        worker = Worker(self)
        worker.control.close()
        status, _, err = worker.wait()
        self.assertEqual((status, err), (1, "the master went away before the worker program had arrived\n"))

    def test_sockets_that_the_application_has_closed_end_the_process_without_a_traceback(self) -> None:
        worker = self.started(EVALUATING)
        worker.send(QUERY_STRING="os.closerange(3, 1000)")
        self.assertEqual(worker.slots[0].recv(1), b"")
        with contextlib.suppress(BrokenPipeError):  # it may have ended by then
            worker.control.sendall(frame.encode(frame.SERVING, 0, None))  # the last that the main thread can read
        status, _, err = worker.wait()
        self.assertEqual(status, 0)
        self.assertIn("the application has closed a descriptor that is not its own", err)
        self.assertNotIn("Traceback", err)

    def test_closed_slot_ends_its_thread_alone(self) -> None:
        worker = self.started(EVALUATING, threads=2)
        worker.slots[0].close()
        query = "[thread.join(20) for thread in threading.enumerate() if thread.name == 'forebay-0']"
        self.assertEqual(worker.ask(1, QUERY_STRING=query)[2][0], "200 OK")
        query = "'forebay-0' in [thread.name for thread in threading.enumerate()]"
        self.assertEqual(worker.ask(1, QUERY_STRING=query)[2][2], b"False")


class TestSignals(ProcessCase):
    def test_interrupt_is_not_for_the_worker(self) -> None:
        worker = self.started(HELLO)
        worker.process.send_signal(signal.SIGINT)
        self.assertEqual(worker.ask()[0], frame.RESPONSE)
        worker.drain()
        self.assertEqual(worker.wait(), (0, "", ""))

    def test_programs_that_the_application_starts_can_be_interrupted(self) -> None:
        worker = self.started(EVALUATING)
        program = "import signal; print(signal.getsignal(signal.SIGINT))"
        query = f"subprocess.run([sys.executable, '-c', {program!r}], stdout=-1).stdout"
        self.assertIn(b"default_int_handler", worker.ask(QUERY_STRING=query)[2][2])

    def test_terminate_ends_the_worker(self) -> None:
        worker = self.started(HELLO)
        worker.process.terminate()
        self.assertEqual(worker.wait()[0], -signal.SIGTERM)

    def test_crash_shows_the_stacks(self) -> None:
        worker = self.started(EVALUATING)
        worker.send(QUERY_STRING="signal.raise_signal(signal.SIGSEGV)")
        status, _, err = worker.wait()
        self.assertEqual(status, -signal.SIGSEGV)
        self.assertIn("Fatal Python error: Segmentation fault", err)
        self.assertIn("shop.py", err)


class TestStreams(ProcessCase):
    def test_a_line_leaves_when_it_is_whole(self) -> None:
        worker = self.started(
            "import sys\n"
            "def app(environ, start_response):\n"
            "    print('out \\u20ac \\udce9')\n"
            "    environ['wsgi.errors'].write('err \\u20ac \\udce9\\n')\n"
            "    start_response('200 OK', [])\n    return []\n"
        )
        worker.ask()
        assert worker.process.stdout is not None and worker.process.stderr is not None
        self.assertEqual(worker.process.stdout.readline(), "out \u20ac \\udce9\n".encode())
        self.assertEqual(worker.process.stderr.readline(), "err \u20ac \\udce9\n".encode())


class TestDescendants(ProcessCase):
    """What the application starts must not hold the worker's sockets: by their end the master hears of a death."""

    def test_programs_inherit_no_socket(self) -> None:
        worker = self.started(EVALUATING)
        query = "subprocess.Popen(['sleep', '1000'], close_fds=False).pid"
        child = int(worker.ask(QUERY_STRING=query)[2][2])
        self.addCleanup(os.kill, child, signal.SIGKILL)
        self.assert_sockets_end_with(worker)

    def test_forked_children_close_the_sockets(self) -> None:
        worker = self.started(
            "import os, signal\n"
            "def app(environ, start_response):\n"
            "    child = os.fork()\n"
            "    if child == 0:\n        signal.pause()\n"
            "    start_response('200 OK', [])\n    return [b'%d' % child]\n"
        )
        child = int(worker.ask()[2][2])
        self.addCleanup(os.kill, child, signal.SIGKILL)
        self.assert_sockets_end_with(worker)

    def test_forked_child_that_returns_into_the_program_sends_nothing(self) -> None:
        worker = self.started(
            "import os\n"
            "def app(environ, start_response):\n"
            "    child = os.fork()\n"
            "    if child: os.waitpid(child, 0)\n"
            "    start_response('200 OK', [])\n    return [b'parent' if child else b'child']\n"
        )
        for _ in range(2):
            self.assertEqual(worker.ask()[2][2], b"parent")

    def assert_sockets_end_with(self, worker: Worker) -> None:
        worker.process.kill()
        for sock in (worker.control, *worker.slots):
            self.assertEqual(sock.recv(1), b"")
