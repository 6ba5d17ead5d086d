"""Several requests may come at once. Answers wait for each other within such a batch, and what was not begun can go back."""

from __future__ import annotations

import collections
import contextlib
import io
import random
import threading
import unittest
from collections.abc import Iterable
from typing import Any
from unittest import mock

from forebay import frame, loop, response, slot
from forebay.frame import FREE
from forebay.slot import Slot

from .conversation import PLAIN, Answer, Conversation, get

# The clock that says how long answers are held, which stands still unless a test moves it.
NOW = 1000.0
TOO_LONG = NOW + 0.0011


class BatchCase(Conversation):
    """A slot that is sent requests for /0, /1 and so on in one write, and an application that remembers what it ran."""

    def setUp(self) -> None:
        super().setUp()
        # This is about the Python; test_native compares what native code does with it.
        alone = mock.patch.object(response, "run", None)
        alone.start()
        self.addCleanup(alone.stop)
        clock = mock.patch.object(slot.time, "monotonic", return_value=NOW)
        self.clock = clock.start()
        self.addCleanup(clock.stop)
        self.ran: list[str] = []
        self.special: dict[str, Any] = {}  # applications by path

    def app(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        self.ran.append(path)
        if path in self.special:
            return self.special[path](environ, start_response)  # type: ignore[no-any-return]
        start_response("200 OK", PLAIN)
        return [path.encode() + environ["wsgi.input"].read()]

    def give(self, *numbers: int, body: bytes = b"") -> None:
        self.master.sendall(b"".join(frame.encode(frame.REQUEST, 0, (get(PATH_INFO=f"/{n}"), body)) for n in numbers))

    def give_once(self, *numbers: int) -> None:
        """The same with requests that must not be run twice."""
        flags = frame.REQUEST_ONCE
        self.master.sendall(b"".join(frame.encode(frame.REQUEST, flags, (get(PATH_INFO=f"/{n}"), b"")) for n in numbers))

    def give_apart(self, *numbers: int) -> None:
        """Makes the worker read one request at a time, as from a pipe that is smaller than the batch."""
        self.give(*numbers)
        whole = self.slot.reader._whole
        one = len(frame.encode(frame.REQUEST, 0, (get(PATH_INFO="/0"), b"")))
        self.slot.reader._whole = (self.slot.reader._view[:one],)  # type: ignore[assignment]
        self.addCleanup(setattr, self.slot.reader, "_whole", whole)

    def serve_app(self, count: int = 1) -> None:
        for _ in range(count):
            self.assertTrue(loop.serve_next(self.slot, self.app, self.constant))

    def bodies(self) -> list[bytes]:
        return [self.body([answer]) for answer in self.arrived()]


class TestBatch(BatchCase):
    def test_is_answered_in_order_and_at_its_end(self) -> None:
        self.give(*range(16))
        self.serve_app(15)
        self.assertEqual(self.arrived(), [])
        with mock.patch.object(slot, "write_now", wraps=slot.write_now) as write:
            self.serve_app()
        self.assertEqual(write.call_count, 1)
        answers = self.arrived()
        self.assertEqual(self.ran, [f"/{n}" for n in range(16)])
        self.assertEqual([self.body([answer]).decode() for answer in answers], self.ran)
        self.assertEqual({(answer.kind, answer.flags) for answer in answers}, {("RESPONSE", FREE)})

    def test_what_comes_alone_is_answered_at_once(self) -> None:
        for n in range(3):
            self.give(n)
            self.serve_app()
            self.assertEqual(self.bodies(), [b"/%d" % n])

    def test_answers_to_what_must_not_run_twice_are_not_held(self) -> None:
        self.give(0)
        self.give_once(1, 2)
        self.give(3, 4)
        for want in ([], [b"/0", b"/1"], [b"/2"], [], [b"/3", b"/4"]):
            self.serve_app()
            self.assertEqual(self.bodies(), want)

    def test_close_of_what_must_not_run_twice_is_waited_for(self) -> None:
        class Closing(list):  # type: ignore[type-arg]
            def close(closing) -> None:
                seen.extend(self.arrived())

        seen: list[Answer] = []
        self.special["/0"] = lambda environ, start_response: [start_response("200 OK", PLAIN), iter(())][1]
        self.special["/1"] = lambda environ, start_response: [
            start_response("200 OK", [("Content-Length", "2")]),
            Closing([b"ok"]),
        ][1]
        self.give_once(0, 1, 2)
        self.serve_app(3)
        self.assertEqual([(each.kind, each.flags) for each in seen], [("RESPONSE", FREE), ("RESPONSE", 0)])
        self.assertEqual([(each.kind, each.flags) for each in self.arrived()], [("IDLE", 0), ("RESPONSE", FREE)])

    def test_answers_that_were_held_long_enough_leave_before_the_next_request_runs(self) -> None:
        self.give(0, 1, 2)
        self.serve_app()
        self.assertEqual(self.arrived(), [])
        self.clock.return_value = TOO_LONG
        seen: list[bytes] = []

        def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            seen.extend(self.bodies())
            start_response("200 OK", [])
            return []

        self.special["/1"] = app
        self.serve_app()
        self.assertEqual(seen, [b"/0"])
        self.assertEqual(self.arrived(), [], "the hold begins anew")
        self.serve_app()
        self.assertEqual(self.bodies(), [b"", b"/2"])

    def test_answers_that_are_too_many_to_be_held_leave_at_once(self) -> None:
        self.give(0, 1, body=b"x" * 25_000)
        self.give(2)
        self.serve_app()
        self.assertEqual(self.arrived(), [])
        self.serve_app()
        self.assertEqual([len(body) for body in self.bodies()], [25_002, 25_002])
        self.serve_app()
        self.assertEqual(self.bodies(), [b"/2"])

    def test_more_than_the_buffer_holds(self) -> None:
        for size in (700, 1000, 4093, 9001):
            with self.subTest(size):
                body, count = b"x" * size, 150_000 // size
                self.ran.clear()
                thread = threading.Thread(target=self.give, args=range(count), kwargs={"body": body})
                thread.start()
                got: list[bytes] = []
                for _ in range(count):
                    self.serve_app()
                    got += self.bodies()
                thread.join(10)
                self.assertEqual(got, [b"/%d" % n + body for n in range(count)])

    def test_a_request_with_a_file_is_a_fault(self) -> None:
        self.master.sendall(2 * frame.encode(frame.REQUEST, frame.REQUEST_FILE, (get(), None)))
        with self.assertRaisesRegex(frame.ProtocolError, "file came within a batch"):
            loop.serve_next(self.slot, self.app, self.constant)


class TestOtherAnswersInABatch(BatchCase):
    """What is no whole response leaves at once, and what was held leaves before it."""

    def check(self, app: Any, *kinds: str) -> list[Answer]:
        """Runs app as the second of three, and returns its frames."""
        self.special["/1"] = app
        self.give(0, 1, 2)
        self.serve_app()
        self.assertEqual(self.arrived(), [])
        self.serve_app()
        answers = self.arrived()
        self.assertEqual(self.kinds(answers), ["RESPONSE", *kinds])
        self.assertEqual(self.body(answers[:1]), b"/0")
        self.serve_app()
        self.assertEqual(self.bodies(), [b"/2"])
        return answers[1:]

    def test_generator(self) -> None:
        seen: list[list[Answer]] = []

        def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            start_response("200 OK", PLAIN)
            yield b"one"
            seen.append(self.arrived())
            yield b"two"
            seen.append(self.arrived())

        self.special["/1"] = app
        self.give(0, 1, 2)
        self.serve_app(2)
        self.assertEqual([self.kinds(answers) for answers in seen], [["RESPONSE", "HEAD", "CHUNK"], ["CHUNK"]])
        self.assertEqual(self.body(seen[0]), b"/0one")
        self.assertEqual(self.kinds(self.arrived()), ["END", "IDLE"])
        self.serve_app()
        self.assertEqual(self.bodies(), [b"/2"])

    def test_write(self) -> None:
        def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            start_response("200 OK", PLAIN)(b"written")
            return [b"returned"]

        self.check(app, "HEAD", "CHUNK", "CHUNK", "END")

    def test_long_list(self) -> None:
        def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            start_response("200 OK", PLAIN)
            return [b"x" * 70_000]

        answers = self.check(app, "HEAD", "CHUNK", "END")
        self.assertEqual(self.body(answers), b"x" * 70_000)

    def test_error(self) -> None:
        def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            raise LookupError("nothing there")

        answers = self.check(app, "ERROR")
        self.assertEqual(answers[0].flags, FREE)
        self.assertIn("LookupError: nothing there", answers[0].value[0])

    def test_system_exit(self) -> None:
        def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            raise SystemExit(3)

        self.assertIn("SystemExit: 3", self.check(app, "ERROR")[0].value[0])

    def test_abort(self) -> None:
        def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            start_response("200 OK", PLAIN)
            yield b"half"
            raise LookupError("no more")

        self.assertIn("no more", self.check(app, "HEAD", "CHUNK", "ABORT", "IDLE")[2].value[0])

    def test_file(self) -> None:
        path = self.temporary_file(100_000)

        def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            start_response("200 OK", PLAIN)
            return environ["wsgi.file_wrapper"](open(path, "rb"))  # type: ignore[no-any-return]

        self.assertEqual(self.check(app, "HEAD", "END", "IDLE")[0].value[3], "100000")


class Closed(list):  # type: ignore[type-arg]
    """A body of one chunk whose close() does what it is told."""

    def __init__(self, chunk: bytes, close: Any) -> None:
        super().__init__([chunk])
        self.close = close


class TestClose(BatchCase):
    """What is to be closed is a whole answer, too, as long as close() does not take long."""

    def closing(self, number: int, close: Any, body: bytes = b"ok") -> None:
        def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            start_response("200 OK", [*PLAIN, ("Content-Length", str(len(body)))])
            return Closed(body, close)

        self.special[f"/{number}"] = app

    def check(self, answers: list[Answer], *expected: tuple[str, int]) -> None:
        self.assertEqual([(answer.kind, answer.flags) for answer in answers], list(expected))

    def test_comes_before_an_answer_that_is_held(self) -> None:
        seen: list[list[Answer]] = []
        for n in range(4):
            self.closing(n, lambda: seen.append(self.arrived()))
        self.give(0, 1, 2, 3)
        with mock.patch.object(slot, "write_now", wraps=slot.write_now) as write:
            self.serve_app(4)
        self.assertEqual(write.call_count, 2)
        for n in range(3):
            self.assertEqual(seen[n], [])
        self.check(seen[3], *3 * [("RESPONSE", FREE)], ("RESPONSE", 0))  # the last waits for nothing
        self.check(self.arrived(), ("IDLE", 0))

    def test_of_one_that_comes_alone_follows_its_answer(self) -> None:
        seen: list[Answer] = []
        self.closing(0, lambda: seen.extend(self.arrived()))
        self.give(0)
        self.serve_app()
        self.check(seen, ("RESPONSE", 0))
        self.check(self.arrived(), ("IDLE", 0))

    def test_that_takes_long_holds_nothing_back(self) -> None:
        """The master recalls what waits behind it."""
        seen: list[Answer] = []

        def close() -> None:
            self.assertEqual(self.slot.recall(3), 2)
            seen.extend(self.arrived())

        self.closing(1, close)
        self.give(0, 1, 2)
        self.serve_app(2)
        self.check(seen, ("RESPONSE", FREE), ("RESPONSE", 0))
        self.assertEqual(self.body(seen), b"/0ok")
        self.check(self.arrived(), ("IDLE", 0))
        self.give(3)
        self.serve_app()
        self.assertEqual(self.bodies(), [b"/3"])
        self.assertEqual(self.ran, ["/0", "/1", "/3"])

    def test_after_a_recall_follows_its_answer(self) -> None:
        """No other recall comes, so nothing would say that close() takes long."""
        seen: list[Answer] = []
        self.closing(0, lambda: seen.extend(self.arrived()))
        closing = self.special["/0"]

        def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            self.slot.recall(2)
            return closing(environ, start_response)  # type: ignore[no-any-return]

        self.special["/0"] = app
        self.give(0, 1)
        self.serve_app()
        self.check(seen, ("RESPONSE", 0))
        self.check(self.arrived(), ("IDLE", 0))

    def test_follows_an_answer_that_is_too_long_to_be_held(self) -> None:
        seen: list[Answer] = []
        self.closing(0, lambda: seen.extend(self.arrived()), b"x" * 50_000)
        self.give(0, 1)
        self.serve_app()
        self.check(seen, ("RESPONSE", 0))
        self.check(self.arrived(), ("IDLE", 0))
        self.serve_app()
        self.assertEqual(self.bodies(), [b"/1"])

    def test_that_fails_changes_no_answer(self) -> None:
        def close() -> None:
            raise LookupError("nothing to close")

        self.closing(0, close)
        self.give(0, 1)
        with contextlib.redirect_stderr(io.StringIO()) as said:
            self.serve_app(2)
        self.check(self.arrived(), *2 * [("RESPONSE", FREE)])
        self.assertIn("nothing to close", said.getvalue())


class TestRecall(BatchCase):
    def recall_while_running(self, number: int, last: int) -> list[int]:
        """Has the requests up to last recalled while the given one runs; the list receives what the answer is."""
        begun: list[int] = []

        def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            begun.append(self.slot.recall(last))
            start_response("200 OK", PLAIN)
            return [b"recalled"]

        self.special[f"/{number}"] = app
        return begun

    def test_while_one_runs(self) -> None:
        held: list[bytes] = []
        begun = self.recall_while_running(1, 4)
        recalling = self.special["/1"]

        def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            result = recalling(environ, start_response)
            held.extend(self.bodies())
            return result  # type: ignore[no-any-return]

        self.special["/1"] = app
        self.give(0, 1, 2, 3)
        self.serve_app(2)
        self.assertEqual(begun, [2])
        self.assertEqual(held, [b"/0"], "the master has the answers of all that were begun before")
        self.give(4)
        self.serve_app()
        self.assertEqual(self.ran, ["/0", "/1", "/4"])
        self.assertEqual(self.bodies(), [b"recalled", b"/4"])

    def test_answer_of_the_last_that_runs_does_not_stay_behind(self) -> None:
        self.recall_while_running(0, 3)
        self.give(0, 1, 2)
        self.serve_app()
        self.assertEqual(self.arrived(), [], "it is held for those which will not run")
        # The thread waits for its next request with nothing held. Nothing comes, so that this can be seen.
        self.master.shutdown(1)
        self.assertIsNone(self.slot.take())
        self.assertEqual(self.bodies(), [b"recalled"])

    def test_before_the_thread_has_read(self) -> None:
        self.give(0, 1, 2)
        self.assertEqual(self.slot.recall(3), 0)
        self.give(3, 4)
        self.serve_app(2)
        self.assertEqual(self.ran, ["/3", "/4"])
        self.assertEqual(self.bodies(), [b"/3", b"/4"])

    def test_when_all_were_begun(self) -> None:
        begun = self.recall_while_running(1, 2)
        self.give(0, 1)
        self.serve_app(2)
        self.assertEqual(begun, [2])
        self.assertEqual(self.bodies(), [b"/0", b"recalled"])
        self.give(2, 3)
        self.serve_app(2)
        self.assertEqual(self.bodies(), [b"/2", b"/3"])

    def test_that_comes_late(self) -> None:
        """The main thread may have waited for the GIL while all were served, and others after them."""
        self.give(0, 1)
        self.serve_app(2)
        self.give(2, 3, 4)
        self.serve_app()
        self.assertEqual(self.slot.recall(2), 3)
        self.serve_app(2)
        self.give(5)
        self.serve_app()
        self.assertEqual(self.ran, [f"/{n}" for n in range(6)])
        self.assertEqual(len(self.bodies()), 6)

    def test_of_requests_that_are_read_one_by_one(self) -> None:
        begun = self.recall_while_running(0, 3)
        self.give_apart(0, 1, 2)
        self.serve_app()
        self.give(3)
        self.serve_app()
        self.assertEqual(begun, [1])
        self.assertEqual(self.ran, ["/0", "/3"])

    def test_of_a_further_batch_while_the_first_is_not_dropped_yet(self) -> None:
        self.give(0, 1)
        self.assertEqual(self.slot.recall(2), 0)
        self.give(2, 3)
        self.assertEqual(self.slot.recall(4), 0)
        self.give(4)
        self.serve_app()
        self.assertEqual(self.ran, ["/4"])

    def test_of_a_further_batch_while_the_thread_drops_one_of_the_first(self) -> None:
        """The thread has counted it and waits for the lock: it is not the one that runs."""
        self.give(0, 1)
        self.assertEqual(self.slot.recall(2), 0)
        self.slot.request = 1
        self.assertEqual(self.slot.recall(4), 0)
        self.slot.request = 0
        self.give(2, 3)
        self.give(4)
        self.serve_app()
        self.assertEqual(self.ran, ["/4"])

    def test_that_meets_the_thread_between_counting_and_looking(self) -> None:
        """The recall has seen that the request was counted, and the thread sees that there was a recall."""
        self.give(0, 1, 2)
        self.slot.request = 1
        self.slot.recall(3)
        self.slot.request = 0  # as if the thread had only now come to the first
        self.serve_app()
        self.give(3)
        self.serve_app()
        self.assertEqual(self.ran, ["/0", "/3"])

    def test_then_the_end(self) -> None:
        self.give(0, 1)
        self.slot.recall(2)
        self.master.shutdown(1)
        self.assertFalse(loop.serve_next(self.slot, self.app, self.constant))
        self.assertEqual(self.ran, [])

    def test_flush_keeps_the_order_against_a_thread_that_writes(self) -> None:
        """The main thread may lose the GIL within its write; what the thread writes then comes after it."""
        self.give(0, 1, 2)
        self.serve_app()
        thread = threading.Thread(target=self.serve_app)
        write, first = slot.write_now, threading.Event()

        def slow(descriptor: int, data: bytes) -> int:
            if not first.is_set():
                first.set()
                thread.start()
                thread.join(0.1)  # it cannot end: it waits for this write
                self.assertTrue(thread.is_alive())
            return write(descriptor, data)

        def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            start_response("200 OK", PLAIN)(b"streamed")
            return []

        self.special["/1"] = app
        with mock.patch.object(slot, "write_now", slow):
            self.assertEqual(self.slot.recall(3), 2)
            thread.join(10)
        self.assertFalse(thread.is_alive())
        answers = self.arrived()
        self.assertEqual(self.kinds(answers), ["RESPONSE", "HEAD", "CHUNK", "END"])
        self.assertEqual(self.body(answers), b"/0streamed")

    def test_counters(self) -> None:
        for start in (2**31 - 2, 2**32 - 4, 2**32 - 2, 2**32 - 1):
            with self.subTest(start):
                self.setUp()
                self.slot.request = start
                last = (start + 3) % 2**32
                begun = self.recall_while_running(1, last - 2**32 if last >= 2**31 else last)
                self.give(0, 1, 2)
                self.serve_app(2)
                self.assertEqual(begun, [(start + 2) % 2**32])
                self.give(3)
                self.serve_app()
                self.assertEqual(self.ran, ["/0", "/1", "/3"])
                self.assertEqual(self.slot.request, (start + 4) % 2**32)


class TestRace(BatchCase):
    """A main thread that recalls at any moment, and a thread that serves batches: each request is run or given back."""

    BATCHES = 3000

    def test_each_request_is_run_or_given_back(self) -> None:
        for apart in (False, True):
            for closed in (False, True):
                with self.subTest(read_one_by_one=apart, closed=closed):
                    self.setUp()
                    self.race(random.Random(20261122), apart, closed)

    def app(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        self.ran.append(path)
        start_response("200 OK", [*PLAIN, ("Content-Length", str(len(path)))])
        return Closed(path.encode(), lambda: None) if self.closed else [path.encode()]

    def _answer(self) -> bytes:
        """Returns the body of the next answer. Behind one that does not say so, another frame says that the thread is free."""
        answer = self._receive()
        if not answer.flags & FREE:
            self.assertEqual(self._receive().kind, "IDLE")
        return self.body([answer])

    def race(self, choice: random.Random, apart: bool, closed: bool) -> None:
        self.closed = closed
        self.clock.side_effect = iter(lambda: NOW + choice.random() / 500, None)
        if apart:
            self.give_apart()
        thread = threading.Thread(target=loop.serve, args=(self.slot, self.app, self.constant))
        thread.start()
        number = 0
        given_back: collections.Counter[str] = collections.Counter()
        expected: list[str] = []
        for _ in range(self.BATCHES):
            first, number = number, number + choice.randint(1, 8)
            self.give(*range(first, number))
            answered = first + choice.randrange(2)  # or the thread may never come to run before a recall
            for n in range(first, answered):
                self.assertEqual(self._answer(), b"/%d" % n)
            for _ in range(choice.randrange(60)):
                pass  # so that the recall meets the batch at various places
            begun = self.slot.recall(number)
            given_back.update(f"/{n}" for n in range(max(begun, first), number))
            expected += [f"/{n}" for n in range(first, begun)]
            for n in range(answered, begun):
                self.assertEqual(self._answer(), b"/%d" % n)
        self.master.shutdown(1)
        thread.join(10)
        self.assertFalse(thread.is_alive())
        self.assertEqual(self.ran, expected)
        self.assertEqual(set(given_back.values()), {1})
        self.assertEqual(len(expected) + len(given_back), number)
        self.assertTrue(expected, "no request was run")
        self.assertTrue(given_back, "no request was given back")


if __name__ == "__main__":
    unittest.main()
