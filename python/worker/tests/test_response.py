"""The rules of PEP 3333 for one request, each under its name, and the frames that they lead to."""

from __future__ import annotations

import contextlib
import gc
import io
import sys
import weakref
from collections.abc import Iterator
from typing import Any

from forebay import frame, loop, response
from forebay.frame import FREE

from .conversation import PLAIN, Answer, Conversation


class Body:
    """An iterable that is no list, and counts how often it was closed."""

    def __init__(self, *chunks: Any) -> None:
        self.chunks = chunks
        self.closed = 0

    def __iter__(self) -> Iterator[Any]:
        return iter(self.chunks)

    def close(self) -> None:
        self.closed += 1


class BodyList(list[bytes]):
    """A list that wants to be closed."""

    closed = 0

    def close(self) -> None:
        self.closed += 1


def answering(body: Any, status: str = "200 OK", fields: Any = None) -> Any:
    """Returns an application that returns body."""

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response(status, PLAIN if fields is None else fields)
        return body

    return app


class TestWholeResponses(Conversation):
    def test_list_is_one_frame_and_the_thread_is_free(self) -> None:
        answers = self.ask(answering([b"Hello, ", b"", b"world"]))
        self.assertEqual(answers, [Answer("RESPONSE", FREE, ("200 OK", PLAIN, b"Hello, world"))])

    def test_tuple_is_one_frame(self) -> None:
        self.assertEqual(self.ask(answering((b"x",))), [Answer("RESPONSE", FREE, ("200 OK", PLAIN, b"x"))])

    def test_subclass_of_bytes_is_bytes(self) -> None:
        class Safe(bytes):
            pass

        for name, body in {"list": [Safe(b"x")], "stream": Body(Safe(b"x"))}.items():
            with self.subTest(name):
                self.assertEqual(self.body(self.ask(answering(body))), b"x")

    def test_empty_list_is_an_empty_body(self) -> None:
        self.assertEqual(self.ask(answering([])), [Answer("RESPONSE", FREE, ("200 OK", PLAIN, b""))])

    def test_body_of_64_kib_is_still_one_frame(self) -> None:
        answers = self.ask(answering([b"x" * response.SMALL]))
        self.assertEqual(self.kinds(answers), ["RESPONSE"])

    def test_longer_list_is_head_chunks_and_end(self) -> None:
        chunks = [b"a" * response.SMALL, b"", b"b"]
        answers = self.ask(answering(chunks))
        self.assertEqual(answers[0], Answer("HEAD", 0, ("200 OK", PLAIN)))
        self.assertEqual(self.kinds(answers), ["HEAD", "CHUNK", "CHUNK", "END"])
        self.assertEqual(answers[-1], Answer("END", FREE, None))
        self.assertEqual(self.body(answers), b"".join(chunks))

    def test_large_chunk_is_shared_as_far_as_there_is_room(self) -> None:
        self.share(100_000)
        body = bytes(range(250)) * 1000
        for size, kinds in ((100_000, ["SHARED"]), (100_001, ["SHARED", "CHUNK"]), (250_000, ["SHARED", "CHUNK"])):
            answers = self.ask(answering([body[:size]]))
            self.assertEqual(self.kinds(answers), ["HEAD", *kinds, "END"])
            self.assertEqual(self.body(answers), body[:size])
            self.assertEqual(answers[-1], Answer("END", FREE, None))

    def test_what_was_not_taken_is_not_written_over(self) -> None:
        self.share(100_000)
        chunks = [b"a" * 50_000, b"b" * 50_000, b"c"]
        answers = self.ask(answering(chunks))
        self.assertEqual(self.kinds(answers), ["HEAD", "SHARED", "CHUNK", "CHUNK", "END"])
        self.assertEqual(self.body(answers), b"".join(chunks))
        self.taken[0] = 0
        self.assertEqual(self.kinds(self.ask(answering(chunks))), ["HEAD", "CHUNK", "CHUNK", "CHUNK", "END"])

    def test_small_chunks_are_not_shared(self) -> None:
        self.share(100_000)
        self.assertEqual(self.kinds(self.ask(answering(Body(b"x" * 1000)))), ["HEAD", "CHUNK", "END", "IDLE"])

    def test_counts_of_what_is_shared_go_round(self) -> None:
        self.share(100_000)
        self.slot.shared = self.taken[0] = 0xFFFFFFFF
        self.slot.share(b"x")
        self.assertEqual(self.slot.shared, 0)

    def test_list_of_more_chunks_than_one_system_call_takes(self) -> None:
        chunks = [b"%100d" % number for number in range(1500)]
        self.assertEqual(self.body(self.ask(answering(chunks))), b"".join(chunks))

    def test_first_chunk_that_reaches_content_length_is_one_frame(self) -> None:
        fields = [("content-length", "5")]
        body = Body(b"", b"hello")
        answers = self.ask(answering(body, fields=fields))
        self.assertEqual(answers, [Answer("RESPONSE", 0, ("200 OK", fields, b"hello")), Answer("IDLE", 0, None)])
        self.assertEqual(body.closed, 1)

    def test_long_first_chunk_that_reaches_content_length_ends_at_once(self) -> None:
        size = response.SMALL + 1
        seen: list[Answer] = []

        def app(environ: dict[str, Any], start_response: Any) -> Any:
            start_response("200 OK", [("Content-Length", str(size))])
            yield b"x" * size
            seen.extend(self.arrived())

        rest = self.ask(app)
        self.assertEqual(self.kinds(seen), ["HEAD", "CHUNK", "END"])
        self.assertEqual(rest, [Answer("IDLE", 0, None)])

    def test_iterable_without_chunks_is_an_empty_body(self) -> None:
        answers = self.ask(answering(Body()))
        self.assertEqual(answers, [Answer("RESPONSE", 0, ("200 OK", PLAIN, b"")), Answer("IDLE", 0, None)])

    def test_iterable_without_close_leaves_the_thread_free(self) -> None:
        self.assertEqual(self.ask(answering(iter([b"ab", b"c"])))[-1], Answer("END", FREE, None))

    def test_bytes_as_the_iterable_are_refused(self) -> None:
        self.assertIn("chunk of type int", self.ask(answering(b"hello"))[0].value[0])

    def test_none_as_the_iterable_is_an_error(self) -> None:
        answers = self.ask(answering(None))
        self.assertEqual(self.kinds(answers), ["ERROR"])
        self.assertIn("not iterable", answers[0].value[0])


class TestStreams(Conversation):
    def test_each_chunk_leaves_before_the_next_is_asked_for(self) -> None:
        seen: list[list[str]] = []

        def app(environ: dict[str, Any], start_response: Any) -> Any:
            start_response("200 OK", PLAIN)
            seen.append(self.kinds(self.arrived()))
            yield b"one"
            seen.append(self.kinds(self.arrived()))
            yield b"two"
            seen.append(self.kinds(self.arrived()))

        rest = self.ask(app)
        self.assertEqual(seen, [[], ["HEAD", "CHUNK"], ["CHUNK"]])
        self.assertEqual(self.kinds(rest), ["END", "IDLE"])

    def test_first_empty_chunk_does_not_send_the_head(self) -> None:
        def app(environ: dict[str, Any], start_response: Any) -> Any:
            start_response("200 OK", PLAIN)
            yield b""
            self.assertEqual(self.arrived(), [])
            yield b"x"

        self.assertEqual(self.kinds(self.ask(app)), ["HEAD", "CHUNK", "END", "IDLE"])

    def test_empty_chunks_within_the_body_are_skipped(self) -> None:
        answers = self.ask(answering(Body(b"a", b"", b"b")))
        self.assertEqual([answer.value for answer in answers if answer.kind == "CHUNK"], [b"a", b"b"])

    def test_body_shorter_than_content_length_is_sent_as_it_is(self) -> None:
        answers = self.ask(answering(Body(b"abc"), fields=[("Content-Length", "10")]))
        self.assertEqual(self.kinds(answers), ["HEAD", "CHUNK", "END", "IDLE"])

    def test_body_longer_than_content_length_ends_at_the_first_surplus_chunk(self) -> None:
        asked = []

        def chunks() -> Iterator[bytes]:
            for number in range(10):
                asked.append(number)
                yield b"abc"

        answers = self.ask(answering(chunks(), fields=[("Content-Length", "3")]))
        self.assertEqual(self.body(answers), b"abc")
        self.assertEqual(asked, [0, 1])


class TestStartResponse(Conversation):
    def test_start_response_at_the_first_next(self) -> None:
        def app(environ: dict[str, Any], start_response: Any) -> Any:
            start_response("201 Created", PLAIN)
            yield b"x"

        self.assertEqual(self.ask(app)[0].value, ("201 Created", PLAIN))

    def test_start_response_never_called(self) -> None:
        for name, body in {"list": [b"x"], "iterable": Body(b"x"), "no chunks": Body()}.items():
            with self.subTest(name):
                answers = self.ask(lambda environ, start_response, body=body: body)
                self.assertEqual(answers[0].kind, "ERROR")
                self.assertIn("has not called start_response", answers[0].value[0])

    def test_start_response_called_twice_without_exc_info(self) -> None:
        def app(environ: dict[str, Any], start_response: Any) -> Any:
            start_response("200 OK", PLAIN)
            start_response("201 Created", PLAIN)
            return []

        self.assertIn("a second time", self.ask(app)[0].value[0])

    def test_exc_info_before_the_head_replaces_status_and_fields(self) -> None:
        def app(environ: dict[str, Any], start_response: Any) -> Any:
            start_response("200 OK", [("X-First", "1")])
            try:
                raise RuntimeError("late")
            except RuntimeError:
                start_response("500 Sorry", [("X-Second", "2")], sys.exc_info())
            return [b"sorry"]

        self.assertEqual(self.ask(app), [Answer("RESPONSE", FREE, ("500 Sorry", [("X-Second", "2")], b"sorry"))])

    def test_exc_info_after_the_head_raises_again_and_aborts(self) -> None:
        def app(environ: dict[str, Any], start_response: Any) -> Any:
            start_response("200 OK", PLAIN)
            yield b"begun"
            try:
                raise RuntimeError("too late")
            except RuntimeError:
                start_response("500 Sorry", PLAIN, sys.exc_info())
            yield b"never"

        answers = self.ask(app)
        self.assertEqual(self.kinds(answers), ["HEAD", "CHUNK", "ABORT", "IDLE"])
        self.assertIn("RuntimeError: too late", answers[2].value[0])
        self.assertEqual(self.body(answers), b"begun")

    def test_exc_info_leaves_no_cycle(self) -> None:
        class Traced(Exception):
            pass

        seen = []

        def app(environ: dict[str, Any], start_response: Any) -> Any:
            start_response("200 OK", PLAIN)(b"begun")
            error = Traced()
            seen.append(weakref.ref(error))
            try:
                raise error
            finally:
                del error
                start_response("500 Sorry", PLAIN, sys.exc_info())

        gc.disable()
        self.addCleanup(gc.enable)
        self.assertEqual(self.kinds(self.ask(app)), ["HEAD", "CHUNK", "ABORT"])
        self.assertIsNone(seen[0]())

    def test_faulty_arguments_raise_in_the_application(self) -> None:
        caught = []

        def app(environ: dict[str, Any], start_response: Any) -> Any:
            try:
                start_response("200 OK", [("X-Split", "a\r\nSet-Cookie: b")])
            except ValueError as error:
                caught.append(error)
            start_response("200 OK", PLAIN)
            return [b"mended"]

        self.assertEqual(self.ask(app)[0].value, ("200 OK", PLAIN, b"mended"))
        self.assertEqual(len(caught), 1)

    def test_header_injection_is_an_error(self) -> None:
        answers = self.ask(answering([b""], fields=[("X-Split", "a\r\nSet-Cookie: b")]))
        self.assertEqual(self.kinds(answers), ["ERROR"])
        self.assertIn("control characters", answers[0].value[0])

    def test_fields_changed_after_the_check_are_not_sent(self) -> None:
        def app(environ: dict[str, Any], start_response: Any) -> Any:
            fields = [("X-Good", "1")]
            start_response("200 OK", fields)
            fields.append(("X-Bad", "\r\n"))
            return [b""]

        self.assertEqual(self.ask(app)[0].value, ("200 OK", [("X-Good", "1")], b""))

    def test_duplicate_set_cookie_keeps_both_in_order(self) -> None:
        fields = [("Set-Cookie", "b=2"), ("X", "y"), ("Set-Cookie", "a=1")]
        self.assertEqual(self.ask(answering([b""], fields=fields))[0].value[1], fields)

    def test_latin_1_fields_pass(self) -> None:
        fields = [("X-Name", "caf\xe9 \x80\xff")]
        self.assertEqual(self.ask(answering([b""], fields=fields))[0].value[1], fields)

    def test_subclasses_of_str_and_tuple_become_plain(self) -> None:
        class Safe(str):
            def __str__(self) -> str:
                return self

        class Pair(tuple):  # type: ignore[type-arg]
            pass

        fields = [Pair((Safe("X-Name"), Safe("caf\xe9")))]
        for body in ([b"x"], Body(b"x", b"y")):
            self.assertEqual(
                self.ask(answering(body, Safe("200 OK"), fields))[0].value[:2], ("200 OK", [("X-Name", "caf\xe9")])
            )

    def test_fields_too_long_for_a_frame_are_an_error(self) -> None:
        answers = self.ask(answering([b"x"], fields=[("X-Long", "x" * (1 << 20))]))
        self.assertIn("are too many for status and fields", answers[0].value[0])


class TestWrite(Conversation):
    def test_write_leaves_at_once_and_before_the_iterable(self) -> None:
        def app(environ: dict[str, Any], start_response: Any) -> Any:
            write = start_response("200 OK", PLAIN)
            write(b"one")
            self.assertEqual(self.kinds(self.arrived()), ["HEAD", "CHUNK"])
            write(b"")
            self.assertEqual(self.arrived(), [])
            write(b"two")
            self.assertEqual(self.kinds(self.arrived()), ["CHUNK"])
            return [b"three", b"", b"four"]

        answers = self.ask(app)
        self.assertEqual(self.kinds(answers), ["CHUNK", "CHUNK", "END"])
        self.assertEqual(self.body(answers), b"threefour")

    def test_write_before_an_iterable(self) -> None:
        def app(environ: dict[str, Any], start_response: Any) -> Any:
            start_response("200 OK", [("Content-Length", "6")])(b"abc")
            return Body(b"def")

        answers = self.ask(app)
        self.assertEqual(self.kinds(answers), ["HEAD", "CHUNK", "CHUNK", "END", "IDLE"])
        self.assertEqual(self.body(answers), b"abcdef")

    def test_write_of_text_raises_in_the_application(self) -> None:
        def app(environ: dict[str, Any], start_response: Any) -> Any:
            start_response("200 OK", PLAIN)("text")
            return []

        answers = self.ask(app)
        self.assertEqual(self.kinds(answers), ["ERROR"])
        self.assertIn("chunk of type str", answers[0].value[0])

    def test_write_after_the_response_does_not_reach_the_next_one(self) -> None:
        kept = []

        def keeping(environ: dict[str, Any], start_response: Any) -> Any:
            kept.append(start_response("200 OK", PLAIN))
            return [b""]

        self.ask(keeping)
        with self.assertRaises(AssertionError):
            kept[0](b"late")
        self.assertEqual(self.arrived(), [])


class TestHeadAndBodiless(Conversation):
    def test_head_request_of_a_list_shows_its_length(self) -> None:
        self.assertEqual(self.ask(answering([b"hello"]), REQUEST_METHOD="HEAD")[0].value, ("200 OK", PLAIN, b"hello"))

    def test_head_request_of_a_long_list_sends_no_body(self) -> None:
        answers = self.ask(answering([b"x" * (response.SMALL + 1)]), REQUEST_METHOD="HEAD")
        self.assertEqual(answers, [Answer("RESPONSE", FREE, ("200 OK", PLAIN, b""))])

    def test_head_204_and_304_drop_the_body_of_an_iterable_and_close_it(self) -> None:
        cases = {"HEAD": ("HEAD", "200 OK"), "204": ("GET", "204 No Content"), "304": ("GET", "304 Not Modified")}
        for name, (method, status) in cases.items():
            with self.subTest(name):
                body = Body(b"", b"x", b"y")
                answers = self.ask(answering(body, status), REQUEST_METHOD=method)
                self.assertEqual(answers, [Answer("RESPONSE", 0, (status, PLAIN, b"")), Answer("IDLE", 0, None)])
                self.assertEqual(body.closed, 1)

    def test_head_request_does_not_ask_an_endless_stream_twice(self) -> None:
        asked = []

        def app(environ: dict[str, Any], start_response: Any) -> Any:
            start_response("200 OK", PLAIN)
            while True:
                asked.append(1)
                yield b"tick"

        self.assertEqual(self.kinds(self.ask(app, REQUEST_METHOD="HEAD")), ["RESPONSE", "IDLE"])
        self.assertEqual(asked, [1])

    def test_head_request_stays_one_when_a_middleware_changes_the_method(self) -> None:
        def app(environ: dict[str, Any], start_response: Any) -> Any:
            environ["REQUEST_METHOD"] = "GET"
            start_response("200 OK", PLAIN)
            return Body(b"x", b"y")

        self.assertEqual(self.kinds(self.ask(app, REQUEST_METHOD="HEAD")), ["RESPONSE", "IDLE"])


class TestFaults(Conversation):
    def test_non_bytes_chunk_before_anything_was_sent_is_an_error(self) -> None:
        for name, body in {
            "list": [b"x", "text"],
            "first": Body("text"),
            "empty text": Body("", b"x"),
            "none": Body(None),
        }.items():
            with self.subTest(name):
                answers = self.ask(answering(body))
                self.assertEqual(answers[0].kind, "ERROR")
                self.assertIn("not bytes", answers[0].value[0])

    def test_non_bytes_chunk_after_the_head_aborts(self) -> None:
        body = Body(b"x", "text")
        answers = self.ask(answering(body))
        self.assertEqual(self.kinds(answers), ["HEAD", "CHUNK", "ABORT", "IDLE"])
        self.assertEqual(body.closed, 1)

    def test_exception_in_the_application_is_an_error_with_its_traceback(self) -> None:
        def app(environ: dict[str, Any], start_response: Any) -> Any:
            raise KeyError("caf\xe9 \ud800")

        answers = self.ask(app)
        self.assertEqual([(a.kind, a.flags) for a in answers], [("ERROR", FREE)])
        text = answers[0].value[0]
        self.assertTrue(text.startswith("Traceback (most recent call last):\n  File "), text)
        self.assertIn("in app", text)
        self.assertNotIn("respond", text)
        text.encode("utf-8")

    def test_exception_after_start_response_is_an_error(self) -> None:
        def app(environ: dict[str, Any], start_response: Any) -> Any:
            start_response("200 OK", PLAIN)
            raise RuntimeError("between")

        self.assertEqual(self.kinds(self.ask(app)), ["ERROR"])

    def test_every_base_exception_is_a_failed_request_and_the_thread_lives(self) -> None:
        for kind in (SystemExit, KeyboardInterrupt, GeneratorExit, BaseException):
            with self.subTest(kind.__name__):

                def app(environ: dict[str, Any], start_response: Any, kind: Any = kind) -> Any:
                    raise kind("stop")

                answers = self.ask(app)
                self.assertEqual(self.kinds(answers), ["ERROR"])
                self.assertIn(kind.__name__, answers[0].value[0])
        self.assertEqual(self.kinds(self.ask(answering([b"alive"]))), ["RESPONSE"])

    def test_very_long_message_is_shortened(self) -> None:
        def app(environ: dict[str, Any], start_response: Any) -> Any:
            raise ValueError("x" * 1_000_000 + "the end")

        text = self.ask(app)[0].value[0]
        self.assertLess(len(text), 70_000)
        self.assertTrue(text.endswith("the end\n"))

    def test_failure_after_the_response_is_over_goes_to_stderr(self) -> None:
        def app(environ: dict[str, Any], start_response: Any) -> Any:
            start_response("200 OK", [("Content-Length", "1")])
            yield b"x"
            raise RuntimeError("afterwards")

        with contextlib.redirect_stderr(io.StringIO()) as stderr:
            self.assertEqual(self.kinds(self.ask(app)), ["RESPONSE", "IDLE"])
        self.assertIn("RuntimeError: afterwards", stderr.getvalue())


class TestClose(Conversation):
    def test_close_after_the_last_frame_and_before_idle(self) -> None:
        seen: list[str] = []

        class Watched(Body):
            def close(inner) -> None:
                super().close()
                seen.extend(self.kinds(self.arrived()))

        for name, chunks in {"stream": (b"x", b"y"), "empty": ()}.items():
            with self.subTest(name):
                seen.clear()
                body = Watched(*chunks)
                self.assertEqual(self.kinds(self.ask(answering(body))), ["IDLE"])
                self.assertIn(seen[-1], ("END", "RESPONSE"))
                self.assertEqual(body.closed, 1)

    def test_close_of_a_list_subclass(self) -> None:
        body = BodyList([b"x"])
        self.assertEqual(self.kinds(self.ask(answering(body))), ["HEAD", "CHUNK", "END", "IDLE"])
        self.assertEqual(body.closed, 1)

    def test_close_after_an_error_before_and_after_the_head(self) -> None:
        for name, chunks in {"before": (1,), "after": (b"x", 1)}.items():
            with self.subTest(name):
                body = Body(*chunks)
                self.assertEqual(self.kinds(self.ask(answering(body)))[-1], "IDLE")
                self.assertEqual(body.closed, 1)

    def test_close_when_start_response_was_never_called(self) -> None:
        body = Body(b"x")
        self.ask(lambda environ, start_response: body)
        self.assertEqual(body.closed, 1)

    def test_failing_close_goes_to_stderr_and_the_thread_lives(self) -> None:
        class Failing(Body):
            def close(self) -> None:
                raise SystemExit("in close")

        with contextlib.redirect_stderr(io.StringIO()) as stderr:
            self.assertEqual(self.kinds(self.ask(answering(Failing(b"x"))))[-1], "IDLE")
        self.assertIn("SystemExit: in close", stderr.getvalue())

    def test_nothing_of_the_request_lives_on(self) -> None:
        class Marked(dict[str, Any]):
            pass

        marks = []

        def remembering(result: Any) -> Any:
            def app(environ: dict[str, Any], start_response: Any) -> Any:
                marked = Marked()
                marks.append(weakref.ref(marked))
                environ["marked"] = marked
                start_response("200 OK", PLAIN)
                if result is None:
                    raise RuntimeError("failed")
                return result

            return app

        gc.disable()
        self.addCleanup(gc.enable)
        for name, result in {"list": [b"x"], "iterable": Body(b"x", b"y"), "error": None}.items():
            with self.subTest(name):
                self.ask(remembering(result))
                self.assertIsNone(marks[-1]())


class TestClientDisconnect(Conversation):
    def cancelling(self, request: int) -> Any:
        def app(environ: dict[str, Any], start_response: Any) -> Any:
            start_response("200 OK", PLAIN)
            try:
                yield b"one"
                self.slot.cancel(request)
                yield b"two"
            except GeneratorExit:
                self.closed = True
                raise

        return app

    def test_cancel_aborts_at_the_next_chunk_and_closes_the_generator(self) -> None:
        with contextlib.redirect_stderr(io.StringIO()) as stderr:
            answers = self.ask(self.cancelling(1))
        self.assertEqual(self.kinds(answers), ["HEAD", "CHUNK", "ABORT", "IDLE"])
        self.assertEqual(answers[2].value, ("client gone",))
        self.assertTrue(self.closed)
        self.assertEqual(stderr.getvalue(), "")

    def test_cancel_of_an_earlier_request_is_forgotten(self) -> None:
        self.ask(answering([b""]))
        self.assertEqual(self.kinds(self.ask(self.cancelling(1))), ["HEAD", "CHUNK", "CHUNK", "END", "IDLE"])

    def test_cancel_before_the_head_is_an_error(self) -> None:
        def app(environ: dict[str, Any], start_response: Any) -> Any:
            start_response("200 OK", PLAIN)
            self.slot.cancel(1)
            yield b"x"

        answers = self.ask(app)
        self.assertEqual(self.kinds(answers), ["ERROR", "IDLE"])
        self.assertEqual(answers[0].value, ("client gone",))

    def test_cancel_raises_in_write(self) -> None:
        def app(environ: dict[str, Any], start_response: Any) -> Any:
            write = start_response("200 OK", PLAIN)
            write(b"x")
            self.slot.cancel(1)
            with self.assertRaises(ConnectionError):
                write(b"y")
            return []

        self.assertEqual(self.kinds(self.ask(app)), ["HEAD", "CHUNK", "END"])

    def test_slot_closed_by_the_master_is_quiet_and_closes_the_iterable(self) -> None:
        body = Body(b"x", b"y")

        def app(environ: dict[str, Any], start_response: Any) -> Any:
            self.master.close()
            start_response("200 OK", PLAIN)
            return body

        self.master.sendall(frame.encode(frame.REQUEST, 0, ({}, b"")))
        with contextlib.redirect_stderr(io.StringIO()) as stderr:
            loop.serve(self.slot, app, self.constant)
        self.assertEqual(body.closed, 1)
        self.assertEqual(stderr.getvalue(), "")
