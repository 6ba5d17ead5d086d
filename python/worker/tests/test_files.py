"""wsgi.file_wrapper: a regular file goes to the master as a descriptor, everything else is read."""

from __future__ import annotations

import gzip
import io
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from forebay.files import FileWrapper
from forebay.frame import FREE, HEADER_FILE

from .conversation import PLAIN, Answer, Conversation

CONTENT = bytes(range(256)) * 100


class Proxy:
    """Stands for another file, as Django's File does."""

    def __init__(self, file: Any) -> None:
        self.read = file.read
        self.close = file.close


class NoClose:
    """Has read and nothing else."""

    def __init__(self, *blocks: bytes) -> None:
        self.blocks = list(blocks)

    def read(self, size: int) -> bytes:
        return self.blocks.pop(0) if self.blocks else b""


class Backwards(io.BufferedReader):
    """Reads other bytes than its descriptor has."""

    def read(self, size: Any = -1) -> bytes:
        return super().read(size)[::-1]


class TestFileWrapper(Conversation):
    def setUp(self) -> None:
        super().setUp()
        self.path = self.temporary_file(0)
        with open(self.path, "wb") as file:
            file.write(CONTENT)

    def send(self, file: Any, fields: Any = None, **more: Any) -> list[Answer]:
        def app(environ: dict[str, Any], start_response: Any) -> Any:
            start_response("200 OK", PLAIN if fields is None else fields)
            return environ["wsgi.file_wrapper"](file)

        return self.ask(app, **more)

    def assertSentAsFile(self, answers: list[Answer], offset: int, count: int) -> None:
        self.assertEqual(self.kinds(answers), ["HEAD", "END", "IDLE"])
        head = answers[0]
        self.assertEqual((head.flags, head.value[2:]), (HEADER_FILE, (str(offset), str(count))))
        assert head.descriptor is not None
        self.assertEqual(os.pread(head.descriptor, count, offset), CONTENT[offset : offset + count])

    def test_regular_file(self) -> None:
        file = open(self.path, "rb")
        self.assertSentAsFile(self.send(file), 0, len(CONTENT))
        self.assertTrue(file.closed)

    def test_unbuffered_file(self) -> None:
        self.assertSentAsFile(self.send(open(self.path, "rb", buffering=0)), 0, len(CONTENT))

    def test_proxy_of_a_file(self) -> None:
        self.assertSentAsFile(self.send(Proxy(open(self.path, "rb"))), 0, len(CONTENT))

    def test_file_from_its_position(self) -> None:
        file = open(self.path, "rb")
        file.read(1000)
        self.assertSentAsFile(self.send(file), 1000, len(CONTENT) - 1000)

    def test_file_of_which_content_length_wants_a_part(self) -> None:
        file = open(self.path, "rb")
        file.seek(10)
        self.assertSentAsFile(self.send(file, [("Content-Length", "20")]), 10, 20)

    def test_file_shorter_than_content_length_is_sent_as_far_as_it_goes(self) -> None:
        self.assertSentAsFile(self.send(open(self.path, "rb"), [("Content-Length", "99999999")]), 0, len(CONTENT))

    def test_what_was_written_and_not_flushed_is_sent(self) -> None:
        file = tempfile.TemporaryFile()
        file.write(CONTENT)
        file.seek(len(CONTENT) - 5)
        file.write(b"vwxyz")
        file.seek(0)
        file.write(b"abcde")
        answers = self.send(file)
        assert answers[0].descriptor is not None
        self.assertEqual(answers[0].value[2:], ("5", str(len(CONTENT) - 5)))
        self.assertEqual(os.pread(answers[0].descriptor, 5, 0), b"abcde")

    def test_file_at_its_end_or_beyond_is_an_empty_body(self) -> None:
        for position in (len(CONTENT), len(CONTENT) + 5):
            with self.subTest(position=position):
                file = open(self.path, "rb")
                file.seek(position)
                self.assertEqual(
                    self.send(file), [Answer("RESPONSE", 0, ("200 OK", PLAIN, b"")), Answer("IDLE", 0, None)]
                )
                self.assertTrue(file.closed)

    def test_head_request_sends_no_file(self) -> None:
        file = open(self.path, "rb")
        self.assertEqual(self.kinds(self.send(file, REQUEST_METHOD="HEAD")), ["RESPONSE", "IDLE"])
        self.assertTrue(file.closed)

    def test_after_write_the_file_is_read(self) -> None:
        def app(environ: dict[str, Any], start_response: Any) -> Any:
            start_response("200 OK", PLAIN)(b"before")
            return environ["wsgi.file_wrapper"](open(self.path, "rb"))

        self.assertEqual(self.body(self.ask(app)), b"before" + CONTENT)

    def test_start_response_never_called_is_an_error_and_closes_the_file(self) -> None:
        file = open(self.path, "rb")
        answers = self.ask(lambda environ, start_response: environ["wsgi.file_wrapper"](file))
        self.assertEqual(self.kinds(answers), ["ERROR", "IDLE"])
        self.assertTrue(file.closed)

    def test_bytes_io_is_read(self) -> None:
        file = io.BytesIO(CONTENT)
        self.assertEqual(self.body(self.send(file)), CONTENT)
        self.assertTrue(file.closed)

    def test_content_length_of_a_file_that_is_read_is_reached_in_one_frame(self) -> None:
        answers = self.send(io.BytesIO(b"abc"), [("Content-Length", "3")])
        self.assertEqual(self.kinds(answers), ["RESPONSE", "IDLE"])

    def test_pipe_is_read(self) -> None:
        out, into = os.pipe()
        os.write(into, b"through a pipe")
        os.close(into)
        self.assertEqual(self.body(self.send(open(out, "rb"))), b"through a pipe")

    def test_files_that_read_other_bytes_than_they_have_are_read(self) -> None:
        packed = self.temporary_file(0)
        with gzip.open(packed, "wb") as file:
            file.write(CONTENT)
        cases: dict[str, Any] = {
            "gzip": (gzip.open(packed, "rb"), CONTENT),
            "buffered gzip": (io.BufferedReader(gzip.open(packed, "rb")), CONTENT),
            "subclass": (Backwards(io.FileIO(self.path)), None),
        }
        for name, (file, content) in cases.items():
            with self.subTest(name):
                answers = self.send(file)
                self.assertEqual(answers[0].flags, 0)
                if content is not None:
                    self.assertEqual(self.body(answers), content)

    def test_closed_file_is_an_error(self) -> None:
        file = open(self.path, "rb")
        file.close()
        answers = self.send(file)
        self.assertEqual(self.kinds(answers), ["ERROR", "IDLE"])
        self.assertIn("closed file", answers[0].value[0])

    def test_text_file_is_an_error(self) -> None:
        answers = self.send(open(self.path, encoding="latin-1"))
        self.assertIn("not bytes", answers[0].value[0])

    def test_filelike_without_close(self) -> None:
        answers = self.send(NoClose(b"a", b"b"))
        self.assertEqual(self.body(answers), b"ab")
        self.assertEqual(answers[-1], Answer("END", FREE, None))

    def test_wrapper_is_an_iterable_like_any_other(self) -> None:
        self.assertEqual(list(FileWrapper(io.BytesIO(b"abcdef"), 4)), [b"abcd", b"ef"])

    def test_wrapper_within_a_middleware_is_read(self) -> None:
        def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
            start_response("200 OK", PLAIN)
            with open(self.path, "rb") as file:
                for block in environ["wsgi.file_wrapper"](file, 1000):
                    yield block.upper()

        self.assertEqual(
            self.body(self.ask(app)), b"".join(CONTENT[i : i + 1000].upper() for i in range(0, len(CONTENT), 1000))
        )
