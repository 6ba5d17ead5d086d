"""The environ, wsgi.input with the semantics of a file, and requests whose body is in one."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import Any, Callable
from unittest import mock

from forebay import environ, frame, loop

from .conversation import Conversation, get

BODY = b"first\nsecond\n\nlast without end"

# What to do with wsgi.input, and what it is to give.
READS: dict[str, Any] = {
    "read()": (lambda file: [file.read()], [BODY]),
    "read(-1)": (lambda file: [file.read(-1)], [BODY]),
    "read(None)": (lambda file: [file.read(None)], [BODY]),
    "read after read(n)": (lambda file: [file.read(3), file.read()], [BODY[:3], BODY[3:]]),
    "read(n) past the end": (lambda file: [file.read(1000), file.read(1)], [BODY, b""]),
    "read(0)": (lambda file: [file.read(0), file.read(1)], [b"", b"f"]),
    "readline": (
        lambda file: [file.readline() for _ in range(5)],
        [b"first\n", b"second\n", b"\n", b"last without end", b""],
    ),
    "readline(n)": (lambda file: [file.readline(3), file.readline(100)], [b"fir", b"st\n"]),
    "readlines": (lambda file: file.readlines(), BODY.splitlines(True)),
    "readlines(hint)": (lambda file: file.readlines(7), [b"first\n", b"second\n"]),
    "iteration": (list, BODY.splitlines(True)),
    "mixed": (
        lambda file: [next(file), file.read(2), file.readline(), *file],
        [b"first\n", b"se", b"cond\n", b"\n", b"last without end"],
    ),
}


class TestInput(Conversation):
    def reading(self, read: Callable[[Any], list[bytes]], into: list[Any]) -> Any:
        def app(environ: dict[str, Any], start_response: Any) -> Any:
            into.append(read(environ["wsgi.input"]))
            start_response("200 OK", [])
            return []

        return app

    def test_input_in_memory(self) -> None:
        for name, (read, expected) in READS.items():
            with self.subTest(name):
                seen: list[Any] = []
                self.ask(self.reading(read, seen), BODY)
                self.assertEqual(seen, [expected])

    def test_input_in_a_file(self) -> None:
        for name, (read, expected) in READS.items():
            with self.subTest(name):
                seen: list[Any] = []
                self.ask_with_file(self.reading(read, seen), BODY)
                self.assertEqual(seen, [expected])

    def test_input_in_a_file_can_seek_and_is_closed_after_the_request(self) -> None:
        files = []

        def app(environ: dict[str, Any], start_response: Any) -> Any:
            file = environ["wsgi.input"]
            files.append(file)
            self.assertEqual(file.seek(6), 6)
            self.assertEqual(file.readline(), b"second\n")
            self.assertFalse(os.get_inheritable(file.fileno()))
            start_response("200 OK", [])
            return []

        answers = self.ask_with_file(app, BODY)
        self.assertEqual(self.kinds(answers), ["RESPONSE"])
        self.assertTrue(files[0].closed)

    def test_unread_body_does_not_disturb_the_next_request(self) -> None:
        seen: list[Any] = []
        self.ask(self.reading(lambda file: [], seen), BODY)
        self.ask(self.reading(lambda file: [file.read()], seen), b"next")
        self.assertEqual(seen, [[], [b"next"]])

    def test_long_body(self) -> None:
        seen: list[Any] = []
        self.ask(self.reading(lambda file: [file.read()], seen), b"x" * 150_000)
        self.assertEqual(seen, [[b"x" * 150_000]])

    def test_several_requests_in_one_read_are_answered_in_order(self) -> None:
        seen: list[Any] = []
        app = self.reading(lambda file: [file.read()], seen)
        self.master.sendall(b"".join(frame.encode(frame.REQUEST, 0, (get(), b"%d" % number)) for number in range(3)))
        self.serve(app, 3)
        self.assertEqual(seen, [[b"0"], [b"1"], [b"2"]])
        self.assertEqual(self.kinds(self.arrived()), ["RESPONSE"] * 3)
        self.assertEqual(self.slot.request, 3)

    def test_file_within_a_batch_breaks_the_protocol(self) -> None:
        self.master.sendall(frame.encode(frame.REQUEST, frame.REQUEST_FILE, (get(), None)) * 2)
        with self.assertRaises(frame.ProtocolError):
            loop.serve_next(self.slot, self.reading(list, []), self.constant)

    def test_body_that_is_refused_as_the_request_is_over(self) -> None:
        called: list[Any] = []
        self.master.sendall(frame.encode(frame.REQUEST, frame.REQUEST_FILE, (get(), None)))
        with self.answering_want([]):
            self.assertTrue(loop.serve_next(self.slot, lambda *args: called.append(args), self.constant))
        (answer,) = self.arrived()
        self.assertEqual((answer.kind, answer.flags), ("ERROR", frame.FREE))
        self.assertEqual(called, [])
        self.assertEqual(self.body(self.ask(lambda environ, start: [start("200 OK", []), [b"next"]][1])), b"next")

    def test_master_that_goes_away_before_the_body_ends_the_thread_quietly(self) -> None:
        self.master.sendall(frame.encode(frame.REQUEST, frame.REQUEST_FILE, (get(), None)))
        self.master.close()
        self.files.close()
        with contextlib.redirect_stderr(io.StringIO()) as stderr:
            loop.serve(self.slot, self.reading(list, []), self.constant)
        self.assertEqual(stderr.getvalue(), "")

    def ask_with_file(self, app: Any, body: bytes) -> Any:
        path = self.temporary_file(0)
        with open(path, "wb+") as file:
            file.write(body)
            file.flush()  # and the offset stays at the end, as the master leaves it
            self.master.sendall(frame.encode(frame.REQUEST, frame.REQUEST_FILE, (get(), None)))
            with self.answering_want([file.fileno()]):
                loop.serve_next(self.slot, app, self.constant)
        return self.arrived()


class TestEnviron(Conversation):
    def environ_of(self, **more: Any) -> dict[str, Any]:
        seen: list[dict[str, Any]] = []

        def app(environ: dict[str, Any], start_response: Any) -> Any:
            seen.append(environ)
            start_response("200 OK", [])
            return []

        self.ask(app, **more)
        return seen[0]

    def test_keys_of_the_worker(self) -> None:
        found = self.environ_of()
        self.assertIs(type(found), dict)
        self.assertEqual(found["wsgi.version"], (1, 0))
        self.assertIs(found["wsgi.errors"], sys.stderr)
        self.assertIs(found["wsgi.run_once"], False)
        self.assertIs(found["wsgi.input_terminated"], True)
        self.assertIs(found["wsgi.multiprocess"], True)
        self.assertIs(found["wsgi.multithread"], False)

    def test_multithread_is_truthful(self) -> None:
        for threads, multithread in {1: False, 2: True}.items():
            self.assertIs(environ.base({}, threads)["wsgi.multithread"], multithread)

    def test_no_os_environ_in_it(self) -> None:
        with mock.patch.dict(os.environ, {"DATABASE_PASSWORD": "secret"}):
            self.assertNotIn("DATABASE_PASSWORD", self.environ_of())

    def test_latin_1_values_arrive_as_they_were_sent(self) -> None:
        self.assertEqual(self.environ_of(PATH_INFO="/caf\xc3\xa9\xff")["PATH_INFO"], "/caf\xc3\xa9\xff")

    def test_what_an_application_adds_is_not_seen_by_the_next_request(self) -> None:
        self.environ_of()["added"] = True
        self.assertNotIn("added", self.environ_of())
        self.assertNotIn("added", self.constant)
