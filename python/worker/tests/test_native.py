"""What native code does for a request is what the Python does: the same frames, calls and words on stderr."""

from __future__ import annotations

import contextlib
import gc
import io
import marshal
import os
import random
import socket
import sys
import threading
import unittest
from collections.abc import Iterable, Iterator
from typing import Any, Callable
from unittest import mock

from forebay import RequestTimeout, environ, frame, loop, response, state
from forebay.files import FileWrapper
from forebay.slot import Slot

from . import NATIVE
from .conversation import NAMES, PLAIN, get

Application = Callable[..., Any]


class Text(str):
    pass


class Odd(bytes):
    pass


class Result:
    """An iterable with close(), as Flask and Django return."""

    def __init__(self, events: list[Any], chunks: Iterable[Any], fails: str = "") -> None:
        self.events, self.chunks, self.fails = events, chunks, fails

    def __iter__(self) -> Iterator[Any]:
        if self.fails == "iter":
            raise RuntimeError("iter")
        yield from self.chunks
        if self.fails == "next":
            raise RuntimeError("next")

    def close(self) -> None:
        self.events.append("closed")
        if self.fails == "close":
            raise RuntimeError("close")


LENGTH = ("Content-Length", "2")
FIELDS: list[Any] = [
    PLAIN,
    [],
    [LENGTH],
    [("content-LENGTH", "2"), ("Content-Length", "1")],
    [("Content-Length", "1")],
    [("Content-Length", "x")],
    [("Content-Length", "")],
    [("Content-Length", "9" * 19)],
    [("Content_Length", "2")],
    [("X", "caf\xe9")],
    [("X", "a\tb")],
    [("X", "a\nb")],
    [("X", "a\x7fb")],
    [("X", "\u20ac")],
    [("X", "\ud800")],
    [("X", Text("a")), LENGTH],
    [(Text("X"), "a")],
    [("", "a")],
    [("X:", "a")],
    [("X\0", "a")],
    [("X", 1)],
    [("X", b"a")],
    [["X", "a"]],
    [("X",)],
    (("X", "a"),),
    None,
    [("X", "a" * 70_000), LENGTH],
    [("X", "a" * (1 << 20))],
]
STATUSES: list[Any] = ["200 OK", "204 No Content", "304 Not Modified", "200 ", "200", "100 Continue", "999 \xe9", "200 \u20ac", "200 O\nK", Text("200 OK"), b"200 OK", None]
CHUNKS: list[list[Any]] = [
    [],
    [b""],
    [b"ok"],
    [b"", b"ok"],
    [b"o", b"k"],
    [b"ok", b""],
    [b"ok", b"more"],
    [b"ok", "text"],
    [b"okay"],
    ["ok"],
    [Odd(b"ok")],
    [b"", Odd(b"ok")],
    [bytearray(b"ok")],
    [None],
    [b"x" * (64 << 10)],
    [b"x" * 40_000, b"y" * 40_000],
    [b"x" * (70 << 10)],
]


def applications(events: list[Any]) -> list[Application]:
    """Returns applications of all kinds, which note what is called in events."""
    made: list[Application] = []

    def add(status: Any, fields: Any, result: Callable[[], Any], **more: Any) -> None:
        def app(environ: dict[str, Any], start_response: Any) -> Any:
            events.append((environ["PATH_INFO"], environ["wsgi.input"].read(), sorted(environ)))
            if more.get("before"):
                more["before"](environ, start_response)
            start_response(status, fields)
            if more.get("after"):
                more["after"](environ, start_response)
            return result()

        made.append(app)

    def lately() -> Iterator[bytes]:
        yield b"ok"

    def fail(*args: Any) -> None:
        raise RuntimeError("it failed")

    def leave(*args: Any) -> None:
        raise SystemExit(1)

    def be_a_get(environ: dict[str, Any], start_response: Any) -> None:
        environ["REQUEST_METHOD"] = "GET"

    for fields in FIELDS:
        add("200 OK", fields, lambda: [b"ok"])
        add("200 OK", fields, lambda: Result(events, [b"ok"]))
    for status in STATUSES:
        add(status, [LENGTH], lambda: [b"ok"])
        add(status, [LENGTH], lambda: Result(events, [b"ok"]))
    for chunks in CHUNKS:
        add("200 OK", PLAIN, lambda chunks=chunks: list(chunks))
        add("200 OK", PLAIN, lambda chunks=chunks: tuple(chunks))
        add("200 OK", PLAIN, lambda chunks=chunks: iter(chunks))
        add("200 OK", [LENGTH], lambda chunks=chunks: iter(chunks))
        for fails in ("", "iter", "next", "close"):
            add("200 OK", [LENGTH], lambda chunks=chunks, fails=fails: Result(events, chunks, fails))
    for result in (None, b"ok", "ok", 7, {b"ok": 1}):
        add("200 OK", [LENGTH], lambda result=result: result)
    add("200 OK", [LENGTH], lambda: FileWrapper(io.BytesIO(b"ok")))
    add("200 OK", [LENGTH], lambda: [b"ok"], before=be_a_get)
    for when in ("before", "after"):
        add("200 OK", PLAIN, lambda: [b"ok"], **{when: fail})
        add("200 OK", PLAIN, lambda: [b"ok"], **{when: leave})
        add("200 OK", PLAIN, lambda: [b"ok"], **{when: lambda environ, start: start("404 No", [])})
        add("200 OK", PLAIN, lambda: [b"ok"], **{when: lambda environ, start: start("404 No", [], None)})
        add("200 OK", PLAIN, lambda: [b"ok"], **{when: lambda environ, start: start(status="404 No", headers=[])})
        add("200 OK", PLAIN, lambda: [b"ok"], **{when: lambda environ, start: start("404 No")})
        add("200 OK", [LENGTH], lambda: iter([b"k"]), **{when: lambda environ, start: start("201 Made", PLAIN, ())(b"o")})
    add("200 OK", PLAIN, lambda: [b"ok"], after=lambda environ, start: start("500 No", PLAIN, (RuntimeError, RuntimeError(), None)))
    made.append(lambda environ, start: [b"ok"])
    made.append(lambda environ, start: iter([b"ok"]))
    made.append(lambda environ: [b"ok"])

    def begins_late(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [LENGTH])
        yield from lately()

    made.append(begins_late)
    return made


class TestWriteNow(unittest.TestCase):
    def setUp(self) -> None:
        self.reads, self.writes = os.pipe()
        for each in (self.reads, self.writes):
            self.addCleanup(os.close, each)

    def test_what_fits_is_written(self) -> None:
        self.assertEqual(state.write_now(self.writes, b"abc"), 3)
        self.assertEqual(os.read(self.reads, 10), b"abc")

    @unittest.skipUnless(NATIVE, "FOREBAY_NATIVE is not set")
    def test_it_does_not_wait(self) -> None:
        if state.write_now(self.writes, b"x") < 0:
            self.skipTest("this kernel cannot write to a pipe without waiting")
        sent = state.write_now(self.writes, b"x" * (1 << 20))
        self.assertGreater(sent, 0)
        self.assertLess(sent, 1 << 20)
        self.assertEqual(state.write_now(self.writes, b"x" * 5000), -1)

    @unittest.skipUnless(NATIVE, "FOREBAY_NATIVE is not set")
    def test_what_is_not_bytes_for_a_descriptor(self) -> None:
        self.assertEqual(state.write_now(-1, b"abc"), -1)
        for given in [(self.writes, "abc"), ("1", b"abc"), (self.writes,)]:
            with self.assertRaises(TypeError):
                state.write_now(*given)  # type: ignore[arg-type]

    def test_a_slot_writes_all_however_little_fits(self) -> None:
        files, others = socket.socketpair()
        slot = Slot(os.dup(self.reads), os.dup(self.writes), files)
        for each in (slot, others):
            self.addCleanup(each.close)
        data = random.Random(1).randbytes(1 << 20)
        thread = threading.Thread(target=slot.send, args=(data,))
        thread.start()
        read = b""
        while len(read) < len(data):
            read += os.read(self.reads, 10_000)
        thread.join()
        self.assertEqual(read, data)


@unittest.skipUnless(NATIVE, "FOREBAY_NATIVE is not set")
class NativeCase(unittest.TestCase):
    def setUp(self) -> None:
        self.events: list[Any] = []
        self.apps = applications(self.events)
        # A pipe that holds all the answers of a batch: nobody reads until they are complete.
        self.master, worker = socket.socketpair()
        files, others = socket.socketpair()
        for sock in (self.master, worker):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 << 20)
        self.slot = Slot(os.dup(worker.fileno()), os.dup(worker.fileno()), files)
        worker.close()
        for each in (self.master, self.slot, others):
            self.addCleanup(each.close)
        self.slot.hold = 3600
        self.constant = environ.base({"SCRIPT_NAME": ""}, threads=1)

    def app(self, environ: dict[str, Any], *args: Any) -> Any:
        return self.apps[int(environ["PATH_INFO"][1:])](environ, *args)

    def give(self, numbers: Iterable[int], flags: int = 0, **more: Any) -> None:
        """Sends requests in one batch."""
        frames = [frame.encode(frame.REQUEST, flags, (get(PATH_INFO=f"/{n}", **more), b"body")) for n in numbers]
        self.master.sendall(b"".join(frames))

    def serve(self, count: int, native: bool) -> None:
        last = (self.slot.request + count) & 0xFFFFFFFF
        with mock.patch.object(response, "run", state.run if native else None):
            while self.slot.request != last:
                self.assertTrue(loop.serve_next(self.slot, self.app, self.constant))

    def arrived(self) -> list[tuple[str, int, Any]]:
        self.master.setblocking(False)
        data = b""
        with contextlib.suppress(BlockingIOError):
            while True:
                data += self.master.recv(1 << 20)
        self.master.setblocking(True)
        found = []
        while data:
            length, kind, flags = frame.HEAD.unpack_from(data)
            payload, data = data[frame.HEAD.size : frame.HEAD.size + length], data[frame.HEAD.size + length :]
            found.append((NAMES[kind], flags, marshal.loads(payload) if length and kind != frame.CHUNK else payload))
        return found

    def outcome(self, numbers: list[int], native: bool, **more: Any) -> Any:
        """Serves requests in one batch, and returns all that can be seen of it."""
        self.give(numbers, **more)
        before = self.slot.request
        stderr = io.StringIO()
        with contextlib.redirect_stderr(stderr):
            self.serve(len(numbers), native)
        events, self.events[:] = list(self.events), []
        state = (self.slot.size, self.slot.held, self.slot.closing, self.slot.gate.inside, self.slot.begun[0] - before)
        return self.arrived(), events, stderr.getvalue(), state, self.slot.reader.pending

    def same(self, numbers: list[int], **more: Any) -> None:
        self.assertEqual(self.outcome(numbers, True, **more), self.outcome(numbers, False, **more), numbers)


class TestNative(NativeCase):
    def test_alone(self) -> None:
        for number in range(len(self.apps)):
            for method in ("GET", "HEAD", "POST"):
                with self.subTest(number, method=method):
                    self.same([number], REQUEST_METHOD=method)

    def test_within_a_batch(self) -> None:
        for number in range(len(self.apps)):
            for method in ("GET", "HEAD"):
                with self.subTest(number, method=method):
                    self.same([0, number, 0], REQUEST_METHOD=method)

    def test_batches_at_random(self) -> None:
        seed = random.randrange(1 << 30)
        choice = random.Random(seed)
        for _ in range(300):
            numbers = [choice.randrange(len(self.apps)) for _ in range(choice.randrange(1, 9))]
            with self.subTest(seed=seed, numbers=numbers):
                self.same(numbers)

    def test_batches_of_what_must_not_run_twice(self) -> None:
        for number in range(len(self.apps)):
            with self.subTest(number):
                self.same([0, number, number, 0], flags=frame.REQUEST_ONCE)

    def test_environs(self) -> None:
        texts = ["", "a", "a" * 40, "a" * 41, "caf\xe9", "\xff" * 20, "\xff" * 21, "a" * 60_000, "\0"]
        for text in texts:
            with self.subTest(text[:50]):
                seen: list[Any] = []
                self.apps[0] = lambda environ, start, seen=seen: [seen.append(dict(environ)), start("200 OK", [])][2:]
                for native in (True, False):
                    self.outcome([0], native, **{"HTTP_X": text, "HTTP_" + text: "b"})
                first, second = ({k: v for k, v in each.items() if k != "wsgi.input"} for each in seen)
                self.assertEqual(list(first.items()), list(second.items()))
                self.assertEqual([type(v) for v in first.values()], [type(v) for v in second.values()])

    def test_what_the_cache_of_texts_has_no_room_for(self) -> None:
        seen: list[str] = []
        self.apps[0] = lambda environ, start: [seen.append(environ["HTTP_X"]), start("200 OK", [])][2:]
        texts = [f"text {number}" for number in range(5000)] * 2
        for text in texts:
            self.outcome([0], True, HTTP_X=text)
        self.assertEqual(seen, texts)

    def test_constant_keys_are_stronger(self) -> None:
        seen: list[str] = []
        self.constant["HTTP_X"] = "ours"
        self.apps[0] = lambda environ, start: [seen.append(environ["HTTP_X"]), start("200 OK", [])][2:]
        self.outcome([0], True, HTTP_X="theirs")
        self.assertEqual(seen, ["ours"])

    def test_it_is_native_code_that_runs(self) -> None:
        with mock.patch.object(loop, "respond", side_effect=AssertionError("Python ran")):
            self.outcome([0, 0, 0], True)

    def test_counts_go_round(self) -> None:
        self.slot.request = 0xFFFFFFFE
        self.give([0, 0, 0])
        self.serve(3, True)
        self.assertEqual((self.slot.request, self.slot.begun[0], len(self.arrived())), (1, 1, 3))


class TestHeld(NativeCase):
    """The answers that wait for the next one."""

    def test_leave_with_the_last(self) -> None:
        seen = []
        self.apps[1] = lambda environ, start: [seen.append(self.arrived()), start("200 OK", [])][2:]
        self.give([0, 1, 0, 1])
        self.serve(4, True)
        self.assertEqual(seen, [[], []])
        self.assertEqual(len(self.arrived()), 4)

    def test_leave_at_once_where_they_answer_what_must_not_run_twice(self) -> None:
        seen = []
        self.apps[1] = lambda environ, start: [seen.append(len(self.arrived())), start("200 OK", [])][2:]
        self.give([0, 1])
        self.give([0, 0], flags=frame.REQUEST_ONCE)
        self.give([1, 0, 1])
        self.serve(7, True)
        self.assertEqual(seen, [0, 4, 0])
        self.assertEqual(len(self.arrived()), 3)

    def test_leave_before_the_next_request_when_they_were_held_for_long(self) -> None:
        seen: list[Any] = []
        self.slot.hold = -1  # which has passed at once

        def slow(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("200 OK", [])
            return [b"slow"]

        self.apps[1] = slow
        self.apps[2] = lambda environ, start: [seen.extend(self.arrived()), start("200 OK", [])][2:]
        self.give([0, 1, 2, 0])
        self.serve(4, True)
        self.assertEqual([body for _, _, (_, _, body) in seen], [b"ok", b"slow"])

    def test_leave_when_they_are_too_many(self) -> None:
        seen = []
        self.apps[1] = lambda environ, start: [start("200 OK", []), b"x" * 25_000][1:]
        self.apps[2] = lambda environ, start: [seen.extend(self.arrived()), start("200 OK", [])][2:]
        self.give([1, 1, 2, 0])
        self.serve(4, True)
        self.assertEqual([len(body) for _, _, (_, _, body) in seen], [25_000, 25_000])

    def test_recall_takes_what_was_not_begun(self) -> None:
        begun = []

        def recalling(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            thread = threading.Thread(target=lambda: begun.append(self.slot.recall(4)))
            thread.start()
            thread.join()
            begun.append(len(self.arrived()))
            start_response("200 OK", [])
            return [b"second"]

        self.apps[1] = recalling
        self.give([0, 1, 0, 0])
        self.give([2])
        self.serve(5, True)
        self.assertEqual(begun, [2, 1])
        self.assertEqual([event[0] for event in self.events], ["/0", "/2"])
        self.assertEqual([value[2] for _, _, value in self.arrived()][:1], [b"second"])

    def test_recall_during_close_gets_the_answer(self) -> None:
        seen = []

        class Closing(list):  # type: ignore[type-arg]
            def close(closing) -> None:
                seen.append(self.slot.recall(3))
                seen.append([flags for _, flags, _ in self.arrived()])

        self.apps[1] = lambda environ, start: [start("200 OK", [LENGTH]), Closing([b"ok"])][1]
        self.give([0, 1, 0])
        with mock.patch.object(response, "run", state.run):
            loop.serve_next(self.slot, self.app, self.constant)
        self.assertEqual(seen, [2, [frame.FREE, 0]])
        self.assertEqual(self.arrived(), [("IDLE", 0, b"")])

    def test_lock_is_respected(self) -> None:
        """While recall has the lock, nothing is added behind its back."""
        added = threading.Event()
        self.apps[1] = lambda environ, start: [start("200 OK", [LENGTH]), b"ok"][1:]
        with self.slot.lock, self.slot._alone():
            thread = threading.Thread(target=lambda: [self.serve(2, True), added.set()])
            self.give([1, 1])
            thread.start()
            self.assertFalse(added.wait(0.05))
            self.assertEqual(self.slot.held, [])
        thread.join(10)
        self.assertEqual(len(self.arrived()), 2)


class TestInterrupted(NativeCase):
    def interrupting(self, then: Callable[[], Any]) -> Application:
        def app(environ: dict[str, Any], start_response: Any) -> Any:
            start_response("200 OK", [LENGTH])
            thread = threading.Thread(target=self.slot.gate.interrupt, args=(self.slot.request,))
            thread.start()
            thread.join()
            return then()

        return app

    def test_at_every_place(self) -> None:
        self.slot.gate.thread = threading.get_ident()

        def loops() -> list[bytes]:
            for _ in range(100_000):
                pass
            return [b"ok"]

        class Interrupting(Result):
            def __iter__(result) -> Iterator[bytes]:
                self.slot.gate.interrupt(self.slot.request)
                yield b"ok"

        self.apps[:6] = [
            self.interrupting(loops),
            self.interrupting(lambda: Result(self.events, [b"ok"])),
            self.interrupting(lambda: [b"ok"]),
            lambda environ, start: [start("200 OK", [LENGTH]), Interrupting(self.events, [])][1],
            lambda environ, start: [start("200 OK", [LENGTH]), self.slot.gate.interrupt(self.slot.request)],
            self.apps[0],
        ]
        for numbers in ([0], [1], [2], [3], [4], [5, 0, 5], [5, 1, 5], [5, 2, 5], [5, 3, 5], [5, 4, 5]):
            with self.subTest(numbers):
                self.assertEqual(*(self.without_stacks(self.outcome(numbers, native)) for native in (True, False)))

    def without_stacks(self, outcome: Any) -> Any:
        """Where exactly an exception from outside arrives is nobody's promise."""
        answers, *others = outcome
        return [(k, f, v[0].splitlines()[-1] if k == "ERROR" else v) for k, f, v in answers], others

    def test_before_it_has_begun(self) -> None:
        for native in (True, False):
            self.slot.gate.interrupt(self.slot.request + 1)
            (answer,) = self.outcome([0], native)[0]
            self.assertEqual(answer[:2], ("ERROR", frame.FREE))
            self.assertIn("RequestTimeout", answer[2][0])
            self.assertIs(type(RequestTimeout()), RequestTimeout)


class TestRobust(NativeCase):
    def test_client_that_is_gone(self) -> None:
        self.give([0])
        self.master.shutdown(socket.SHUT_RD)
        self.serve(1, True)  # the next read says it, too
        self.assertEqual(self.slot.gate.inside, -1)

    def test_nothing_is_kept(self) -> None:
        def once() -> None:
            for number in range(len(self.apps)):
                for numbers in ([number], [0, number, 0]):
                    self.outcome(numbers, True)

        tracked = (self.constant, self.slot, self.slot.gate, state.run, response.Response, state.ResponseState, response.respond)
        once()
        for _ in range(2):
            gc.collect()
            objects, counts = len(gc.get_objects()), [sys.getrefcount(each) for each in tracked]
            once()
            gc.collect()
            now = [sys.getrefcount(each) for each in tracked]
        self.assertLess(abs(len(gc.get_objects()) - objects), 50)
        self.assertEqual(now, counts)

    def test_payloads_that_are_broken(self) -> None:
        """The master writes none of these; nothing outside of them is read, and no other request suffers."""
        whole = marshal.dumps((get(HTTP_X="caf\xe9"), b"body"), 2)
        choice = random.Random(7)
        payloads = [whole[:size] for size in range(len(whole))]
        for _ in range(3000):
            broken = bytearray(whole)
            for _ in range(choice.randrange(1, 4)):
                broken[choice.randrange(len(broken))] = choice.choice([0, 1, 0x28, 0x30, 0x73, 0x75, 0x7B, 0x7F, 0xFF, choice.randrange(256)])
            payloads.append(bytes(broken))
        for payload in payloads:
            with contextlib.suppress(Exception), contextlib.redirect_stderr(io.StringIO()):
                state.run and state.run(self.slot, lambda *args: [], self.constant, memoryview(payload))
            self.arrived()
        self.slot.gate.inside = -1
        self.same([0, 0])

    def test_arguments_that_are_no_slot(self) -> None:
        assert state.run
        for slot in (None, object(), state.SlotState()):
            with self.assertRaises(TypeError):
                state.run(slot, self.app, self.constant, memoryview(b""))
        with self.assertRaises(TypeError):
            state.run(self.slot, self.app, self.constant, "text")  # type: ignore[arg-type]
        self.slot.held = None
        with self.assertRaises(TypeError):
            state.run(self.slot, self.app, self.constant, memoryview(b""))
        self.slot.held = []


if __name__ == "__main__":
    unittest.main()
