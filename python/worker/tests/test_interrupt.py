"""Threads past their deadline: their stack, the exception that is raised in them, and what the next request sees of it."""

from __future__ import annotations

import inspect
import itertools
import os
import random
import select
import signal
import sys
import threading
import time
import unittest
from collections.abc import Iterable, Iterator
from typing import Any

from forebay import RequestTimeout, frame, loop
from forebay.gate import LATER, RAISED, Gate

from .conversation import PLAIN, Conversation, get
from .process import DEADLINE, ProcessCase, Worker


class TestRespond(Conversation):
    """The test's thread is the slot's, too: an interrupt comes at a place that the application chooses."""

    def setUp(self) -> None:
        super().setUp()
        self.slot.gate.thread = threading.get_ident()

    def interrupt(self) -> str:
        return self.slot.gate.interrupt(self.slot.request)

    def assert_serves(self) -> None:
        def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("200 OK", PLAIN)
            for _ in range(1000):
                pass
            return [b"next"]

        self.assertEqual([self.body(self.ask(app)) for _ in range(2)], [b"next", b"next"])

    def test_in_the_application(self) -> None:
        def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("200 OK", PLAIN)
            self.interrupt()
            for _ in range(1000):
                pass
            return [b"never"]

        (answer,) = self.ask(app)
        self.assertEqual((answer.kind, answer.flags), ("ERROR", frame.FREE))
        self.assertTrue(
            answer.value[0].endswith("\nforebay.RequestTimeout: the request has run for longer than timeout allows\n")
        )
        self.assert_serves()

    def test_before_the_application_is_called(self) -> None:
        called = []
        self.slot.gate.interrupt(1)
        (answer,) = self.ask(lambda environ, start_response: called.append(1))
        self.assertEqual(answer.kind, "ERROR")
        self.assertEqual(called, [])
        self.assert_serves()

    def test_application_that_catches_it(self) -> None:
        def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            try:
                self.interrupt()
                for _ in range(1000):
                    pass
            except RequestTimeout:
                start_response("503 Service Unavailable", PLAIN)
                return [b"partial"]
            return []

        self.assertEqual(self.body(self.ask(app)), b"partial")
        self.assert_serves()

    def test_in_a_generator_that_is_then_closed(self) -> None:
        seen = []

        def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            start_response("200 OK", PLAIN)
            try:
                yield b"one"
                self.interrupt()
                for _ in range(1000):
                    pass
                yield b"never"
            except RequestTimeout as error:
                seen.append(type(error))
                raise

        answers = self.ask(app)
        self.assertEqual(self.kinds(answers), ["HEAD", "CHUNK", "ABORT", "IDLE"])
        self.assertIn("forebay.RequestTimeout", answers[2].value[0])
        self.assertEqual(seen, [RequestTimeout])
        self.assert_serves()

    def test_between_two_chunks(self) -> None:
        """It comes while a chunk is sent, and is raised before the application is called again."""
        closed = []

        class Chunks:
            def __iter__(chunks) -> Iterator[bytes]:
                return chunks

            def __next__(chunks) -> bytes:
                self.calls += 1
                return b"chunk"

            def close(chunks) -> None:
                closed.append(True)

        self.calls, write = 0, os.writev

        def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            start_response("200 OK", PLAIN)
            return Chunks()

        def interrupted(*args: Any) -> int:
            self.assertEqual(self.interrupt(), LATER)
            return write(*args)

        os.writev = interrupted
        try:
            answers = self.ask(app)
        finally:
            os.writev = write
        self.assertEqual(self.kinds(answers), ["HEAD", "CHUNK", "ABORT", "IDLE"])
        self.assertEqual((self.calls, closed), (1, [True]))
        self.assert_serves()

    def test_in_write(self) -> None:
        def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            write = start_response("200 OK", PLAIN)
            write(b"one")
            self.slot.gate.inside = -1  # as if it came while the chunk was sent
            self.interrupt()
            self.slot.gate.inside = self.slot.request
            write(b"two")
            return []

        answers = self.ask(app)
        self.assertEqual(self.kinds(answers), ["HEAD", "CHUNK", "CHUNK", "ABORT"])
        self.assertEqual(self.body(answers), b"onetwo")
        self.assert_serves()

    def test_in_close(self) -> None:
        class Closed(list):  # type: ignore[type-arg]
            def close(chunks) -> None:
                self.interrupt()
                for _ in range(1000):
                    pass

        def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            start_response("200 OK", PLAIN)
            return Closed([b"ok"])

        with open(os.devnull, "w", encoding="utf-8") as sys.stderr:
            try:
                answers = self.ask(app)
            finally:
                sys.stderr = sys.__stderr__
        self.assertEqual(self.kinds(answers)[-1], "IDLE")
        self.assertEqual(self.body(answers), b"ok")
        self.assert_serves()

    def test_close_runs_although_the_deadline_has_passed(self) -> None:
        closed = []

        class Closed(list):  # type: ignore[type-arg]
            def close(chunks) -> None:
                for _ in range(1000):
                    pass
                closed.append(True)

        def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            start_response("200 OK", PLAIN)
            self.slot.gate.inside = -1
            self.assertEqual(self.interrupt(), LATER)
            self.slot.gate.inside = self.slot.request
            return Closed([b"ok"])

        self.ask(app)
        self.assertEqual(closed, [True])
        self.assert_serves()

    def test_while_another_exception_is_on_its_way(self) -> None:
        def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            start_response("200 OK", PLAIN)
            try:
                raise LookupError("the application's own")
            finally:
                self.interrupt()

        answers = self.ask(app)
        self.assertEqual(self.kinds(answers), ["ERROR"])
        self.assert_serves()

    def test_within_the_handler_of_another_exception(self) -> None:
        late = self.slot.gate = Late()

        class Closed(list):  # type: ignore[type-arg]
            def close(chunks) -> None:
                late.strikes = True
                raise LookupError("of close()")

        def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            start_response("200 OK", PLAIN)
            late.strikes = environ["PATH_INFO"] == "/raise"
            if late.strikes:
                raise LookupError("the application's own")
            return Closed([b"ok"])

        (answer,) = self.ask(app, PATH_INFO="/raise")
        self.assertEqual((answer.kind, answer.flags), ("ERROR", frame.FREE))
        self.assertIn("LookupError: the application's own", answer.value[0])
        self.assertTrue(answer.value[0].endswith("forebay.RequestTimeout: late\n"))
        self.assertEqual(self.kinds(self.ask(app)), ["HEAD", "CHUNK", "END", "IDLE"])
        self.assert_serves()

    def test_client_that_has_left_is_noticed_at_an_empty_chunk(self) -> None:
        closed = []

        def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            start_response("200 OK", PLAIN)
            yield b"one"
            self.slot.cancel(self.slot.request)
            try:
                for _ in range(3):
                    yield b""
            finally:
                closed.append(_)

        self.assertEqual(self.kinds(self.ask(app)), ["HEAD", "CHUNK", "ABORT", "IDLE"])
        self.assertEqual(closed, [0], "at the first of them")


class Late(Gate):
    """Has RequestTimeout come just before the thread can see that it is wanted."""

    strikes = False

    def leave(self, request: int) -> None:
        if self.strikes:
            self.strikes = False
            raise RequestTimeout("late")
        super().leave(request)


class TestRace(Conversation):
    """Requests of all kinds, and a main thread that interrupts at any moment: each has one whole answer, and only those
    that were interrupted see anything of it."""

    CUT = 80

    def test_requests_do_not_disturb_each_other(self) -> None:
        self.addCleanup(sys.setswitchinterval, sys.getswitchinterval())
        sys.setswitchinterval(1e-5)
        self.hits: list[int] = []
        self.streams: dict[int, Iterator[bytes]] = {}
        self.wanted: set[int] = set()
        choice = random.Random(20261122)
        serving = threading.Thread(target=loop.serve, args=(self.slot, self.app, self.constant))
        over = threading.Event()
        interrupting = threading.Thread(target=self.interrupt_often, args=(over, random.Random(7)))
        serving.start()
        interrupting.start()
        self.master.settimeout(DEADLINE)
        asked: list[str] = []
        answers: list[tuple[str, ...]] = []
        cut, end = 0, time.monotonic() + DEADLINE
        while cut < self.CUT and time.monotonic() < end:
            asked.append(choice.choice(list(KINDS)))
            answers.append(self.converse(len(asked), asked[-1]))
            cut += answers[-1] != KINDS[asked[-1]]
        over.set()
        interrupting.join(DEADLINE)
        self.master.shutdown(1)
        serving.join(DEADLINE)
        self.assertFalse(serving.is_alive())
        self.check(asked, answers)
        self.assertGreaterEqual(cut, self.CUT // 4, "too few were interrupted in time for this to say anything")

    def check(self, asked: list[str], answers: list[tuple[str, ...]]) -> None:
        self.assertLessEqual(set(self.hits), self.wanted)
        self.assertEqual(len(self.hits), len(set(self.hits)), "no request is hit twice")
        for number, (kind, answer) in enumerate(zip(asked, answers), 1):
            if answer == KINDS[kind]:
                continue
            self.assertIn(number, self.wanted, f"{kind} was answered by {answer}")
            self.assertIn(answer[-1 if answer[-1] != "IDLE" else -2], ("ERROR", "ABORT"), answer)
        # Asked of the generators: code of their own that noted it could be interrupted, too.
        begun = [number for number, answer in enumerate(answers, 1) if answer[0] == "HEAD" and number in self.streams]
        left = [number for number in begun if inspect.getgeneratorstate(self.streams[number]) != "GEN_CLOSED"]
        self.assertTrue(begun)
        self.assertEqual(left, [], "every stream that was begun is closed")

    def interrupt_often(self, over: threading.Event, choice: random.Random) -> None:
        while not over.is_set():
            request = self.slot.request
            for _ in range(choice.randrange(200)):
                pass
            if choice.random() < 0.3:
                self.wanted.add(request)
                self.slot.gate.interrupt(request)
            time.sleep(0)

    def converse(self, number: int, kind: str) -> tuple[str, ...]:
        """Sends a request and returns the kinds of the frames that answer it, those of further chunks left out."""
        self.master.sendall(frame.encode(frame.REQUEST, 0, (get(PATH_INFO=kind, n=str(number)), b"")))
        found: list[str] = []
        while True:
            self.assertTrue(select.select([self.master], [], [], DEADLINE)[0], f"{kind} after {found}")
            answer = self._receive()
            if answer.kind != "CHUNK" or found[-1] != "CHUNK":
                found.append(answer.kind)
            free = answer.kind in ("RESPONSE", "END", "ABORT", "ERROR") and answer.flags & frame.FREE
            if free or answer.kind == "IDLE":
                return tuple(found)

    def app(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        number, kind = int(environ["n"]), environ["PATH_INFO"]
        try:
            write = start_response("200 OK", PLAIN)
            self.work()
            if kind == "write":
                for _ in range(3):
                    write(b"x" * 100)
                    self.work()
            if kind == "raise":
                raise LookupError("its own")
            if kind == "iterator":
                return itertools.repeat(b"x" * 100, 5)
        except RequestTimeout:
            self.hits.append(number)
            raise
        if kind != "stream":
            return [b"ok"]
        stream = self.stream(number)
        self.streams[number] = stream
        return stream

    def stream(self, number: int) -> Iterator[bytes]:
        try:
            for _ in range(4):
                self.work()
                yield b"x" * 100
        except RequestTimeout:
            self.hits.append(number)
            raise

    def work(self) -> None:
        for _ in range(100):
            pass


# What a request is answered with that nobody interrupts.
KINDS = {
    "list": ("RESPONSE",),
    "iterator": ("HEAD", "CHUNK", "END"),
    "stream": ("HEAD", "CHUNK", "END", "IDLE"),
    "write": ("HEAD", "CHUNK", "END"),
    "raise": ("ERROR",),
}


STUCK = """
import re, threading, time
from forebay import RequestTimeout

lock = threading.Lock()
lock.acquire()

def loop():
    while True:
        pass

def sleep():
    time.sleep(1000)

def wait():
    lock.acquire()

def match():
    print("stuck", flush=True)
    re.match("(a*)*b", "a" * 100)

def app(environ, start_response):
    kind = environ["PATH_INFO"][1:]
    if kind:
        globals()[kind]()
    start_response("200 OK", [])
    return [b"hello"]

def stream(environ, start_response):
    start_response("200 OK", [])
    yield b"one"
    loop()
"""


class TestProcess(ProcessCase):
    """The control socket's side, with real workers."""

    def stuck(self, kind: str) -> tuple[Worker, str]:
        """Returns a worker that is stuck in a function, and the stack of that thread."""
        worker = self.started(STUCK, threads=2)
        worker.send(PATH_INFO="/" + kind)
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            slot, request, stack, outcome = self.interrupt(worker, raises=False)
            self.assertEqual((slot, request, outcome), (0, 1, ""))
            if f", in {kind}\n" in stack:
                return worker, stack
        self.fail(f"it is not in {kind}")

    def interrupt(self, worker: Worker, request: int = 1, raises: bool = True) -> Any:
        worker.control.sendall(frame.encode(frame.INTERRUPT, 0, (0, request, raises)))
        kind, _, value = worker.answer(worker.control)
        self.assertEqual(kind, frame.INTERRUPTED)
        return value

    def test_stack_of_each_kind_that_lets_go_of_the_gil(self) -> None:
        lines = {"loop": "while True:|pass", "sleep": r"time\.sleep\(1000\)", "wait": r"lock\.acquire\(\)"}
        for kind, line in lines.items():
            with self.subTest(kind):
                worker, stack = self.stuck(kind)
                self.assertRegex(
                    stack,
                    r"\AStack \(most recent call last\):\n"
                    r'  File ".*/shop\.py", line \d+, in app\n'
                    r"    globals\(\)\[kind\]\(\)\n(?:    [~^]+\n)?"
                    rf'  File ".*/shop\.py", line \d+, in {kind}\n    (?:{line})\n(?:    [~^]+\n)?\Z',
                )
                self.assertEqual(worker.ask(1)[2][2], b"hello", "others are served meanwhile")

    def test_endless_loop_is_left(self) -> None:
        worker, _ = self.stuck("loop")
        self.assertEqual(self.interrupt(worker)[3], RAISED)
        kind, flags, (text,) = worker.answer(worker.slots[0])
        self.assertEqual((kind, flags), (frame.ERROR, frame.FREE))
        self.assertIn("in loop\n", text)
        self.assertIn("forebay.RequestTimeout", text)
        self.assertEqual(worker.ask(0)[2][2], b"hello")

    def test_generator_is_left(self) -> None:
        worker = self.started(STUCK, "shop:stream")
        worker.send()
        self.assertEqual([worker.answer(worker.slots[0])[0] for _ in range(2)], [frame.HEADER, frame.CHUNK])
        outcome = self.interrupt(worker)[3]
        self.assertIn(outcome, (RAISED, LATER))
        self.assertEqual([worker.answer(worker.slots[0])[0] for _ in range(2)], [frame.ABORT, frame.IDLE])

    def test_request_that_is_over(self) -> None:
        worker = self.started(STUCK)
        for number in (1, 2):
            self.assertEqual(worker.ask()[2][2], b"hello")
            end = time.monotonic() + DEADLINE
            while self.interrupt(worker, number)[2] and time.monotonic() < end:
                pass  # the thread has sent its answer and still returns from where it did
            self.assertEqual(self.interrupt(worker, number)[2], "")

    def test_request_that_is_still_to_come(self) -> None:
        worker = self.started(STUCK)
        self.assertEqual(self.interrupt(worker)[2:], ("", LATER))
        self.assertEqual(worker.ask()[0], frame.ERROR)
        self.assertEqual(worker.ask()[2][2], b"hello")

    def test_number_beyond_a_signed_one(self) -> None:
        worker = self.started(STUCK)
        self.assertEqual(self.interrupt(worker, -1)[1], -1)

    @unittest.skipUnless(hasattr(signal, "SIGRTMAX"), "this system has no real-time signals")
    def test_signal_has_a_thread_write_its_stack_without_the_gil(self) -> None:
        self.module("shop", STUCK)
        worker = Worker(self, threads=2, dump=True)
        kind, ready = worker.boot("shop:app", [self.directory])
        self.assertEqual(kind, frame.READY, ready)
        worker.send(PATH_INFO="/match")
        assert worker.process.stdout is not None
        self.assertEqual(worker.process.stdout.readline(), b"stuck\n")
        os.kill(worker.process.pid, ready["dump_signal"])  # which of its threads gets it is not ours to say
        self.assertRegex(worker.dumped(), rb"\AStack \(most recent call first\):\n  File ")

    def test_children_of_the_application_do_not_dump(self) -> None:
        self.module(
            "shop",
            "import os, signal, time\n"
            "def app(environ, start_response):\n"
            "    child = os.fork()\n"
            "    if child == 0:\n"
            "        os.kill(os.getpid(), int(environ['n']))\n"
            "        os._exit(3)\n"
            "    start_response('200 OK', [])\n"
            "    return [b'%d' % os.waitpid(child, 0)[1]]\n",
        )
        worker = Worker(self, dump=True)
        _, ready = worker.boot("shop:app", [self.directory])
        number = ready["dump_signal"]
        if number == 0:
            self.skipTest("this system has no real-time signals")
        self.assertEqual(worker.ask(n=str(number))[2][2], b"%d" % number, "the signal's own effect")

    def test_abort_dumps_all_stacks(self) -> None:
        worker, _ = self.stuck("sleep")
        worker.process.send_signal(signal.SIGABRT)
        status, _, err = worker.wait()
        self.assertEqual(status, -signal.SIGABRT)
        self.assertIn("Fatal Python error: Aborted", err)
        self.assertRegex(err, r'shop\.py", line \d+ in sleep')
        self.assertGreaterEqual(err.count("hread 0x"), 4, "main, watch, and two slots")


if __name__ == "__main__":
    unittest.main()
