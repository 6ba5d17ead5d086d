"""The worker reads and writes the golden frames to the byte. The master's half is tested against the same files."""

from __future__ import annotations

import json
import marshal
import select
import socket
import unittest
from typing import Any

from forebay import frame, loop

from . import golden
from .conversation import Conversation


class TestFiles(unittest.TestCase):
    def test_files_are_what_the_table_says(self) -> None:
        names = {path.stem for path in golden.DIRECTORY.iterdir()}
        self.assertEqual(names, set(golden.FRAMES))
        for name, said in golden.FRAMES.items():
            with self.subTest(name):
                self.assertEqual((golden.DIRECTORY / f"{name}.bin").read_bytes(), golden.encode(said))
                self.assertEqual((golden.DIRECTORY / f"{name}.json").read_text("utf-8"), golden.describe(said))

    def test_the_worker_knows_the_kinds_by_the_same_numbers(self) -> None:
        # SOURCES is the bootstrap's, and HEAD is the name of a frame's own head here.
        names = {
            "HEADER" if name == "HEAD" else name: number for name, number in golden.KINDS.items() if name != "SOURCES"
        }
        self.assertEqual({name: getattr(frame, name) for name in names}, names)


class TestReading(unittest.TestCase):
    def test_reads_what_the_master_writes(self) -> None:
        for path in golden.DIRECTORY.glob("*.json"):
            said = json.loads(path.read_text("utf-8"))
            if said["direction"] != golden.TO_WORKER or said["kind"] in golden.EMPTY | golden.RAW:
                continue
            with self.subTest(path.stem):
                kind, flags, payload = self.read(path.with_suffix(".bin").read_bytes())
                self.assertEqual((kind, flags), (golden.KINDS[said["kind"]], said["flags"]))
                self.assertEqual(golden.simple(marshal.loads(payload)), said["value"])

    def read(self, data: bytes) -> frame.Frame:
        near, far = socket.socketpair()
        with near, far:
            near.sendall(data)
            found = frame.read(far)
            near.sendall(data)
            self.assertEqual(frame.Reader(far.fileno()).read()[:2], found[:2])  # type: ignore[index]
        assert found is not None
        return found


class TestWriting(Conversation):
    """Each answer is made by the worker itself, from an application that leads to it."""

    def raw(self, app: Any, request: bytes | None = None) -> bytes:
        self.master.sendall(request or frame.encode(frame.REQUEST, 0, ({}, b"")))
        loop.serve_next(self.slot, app, self.constant)
        data = b""
        while select.select([self.master], [], [], 0)[0]:  # the kernel ends a read after a descriptor
            data += self.master.recv(1 << 20)
        return data

    def file(self, *names: str) -> bytes:
        return b"".join((golden.DIRECTORY / f"{name}.bin").read_bytes() for name in names)

    def test_whole_responses(self) -> None:
        for name in ("response_small", "response_cookies"):
            with self.subTest(name):
                status, fields, body = golden.FRAMES[name].value
                self.assertEqual(self.raw(lambda environ, start: [start(status, fields), [body]][1]), self.file(name))

    def test_response_then_idle(self) -> None:
        status, fields, _ = golden.FRAMES["response_busy"].value

        def app(environ: dict[str, Any], start_response: Any) -> Any:
            start_response(status, fields)
            return
            yield

        self.assertEqual(self.raw(app), self.file("response_busy", "idle"))

    def test_stream(self) -> None:
        status, fields = golden.FRAMES["head"].value
        chunks = iter([golden.FRAMES["chunk"].value])
        self.assertEqual(
            self.raw(lambda environ, start: [start(status, fields), chunks][1]), self.file("head", "chunk", "end_free")
        )

    def test_stream_that_is_aborted(self) -> None:
        def app(environ: dict[str, Any], start_response: Any) -> Any:
            start_response(*golden.FRAMES["head"].value)
            yield golden.FRAMES["chunk"].value
            self.slot.cancel(1)
            yield b"never"

        self.assertEqual(self.raw(app), self.file("head", "chunk", "abort", "idle"))

    def test_file(self) -> None:
        status, fields, offset, count = golden.FRAMES["head_file"].value
        path = self.temporary_file(int(offset) + int(count))

        def app(environ: dict[str, Any], start_response: Any) -> Any:
            start_response(status, fields)
            file = open(path, "rb")
            file.seek(int(offset))
            return environ["wsgi.file_wrapper"](file)

        self.assertEqual(self.raw(app), self.file("head_file", "end", "idle"))

    def test_want(self) -> None:
        path = self.temporary_file(3)
        read = []

        def app(environ: dict[str, Any], start_response: Any) -> Any:
            read.append((environ["REQUEST_METHOD"], environ["wsgi.input"].read()))
            start_response("200 OK", [])
            return []

        with open(path, "rb") as file, self.answering_want([file.fileno()]) as wanted:
            self.raw(app, self.file("request_file"))
        self.assertEqual(wanted, [self.file("want")])
        self.assertEqual(read, [("PUT", b"\0\0\0")])

    def test_control_frames(self) -> None:
        names = ("ready", "failed", "error", "recalled", "interrupted", "modules", "ready_template", "forked", "forked_not")
        for name in names:
            with self.subTest(name):
                said = golden.FRAMES[name]
                self.assertEqual(frame.encode(golden.KINDS[said.kind], said.flags, said.value), self.file(name))
