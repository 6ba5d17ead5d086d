"""What a thread marks as begun, for when its process dies."""

from __future__ import annotations

import fcntl
import os
import tempfile
import unittest
from typing import Any

from forebay import frame, loop

from .conversation import Conversation, get


class Marks(Conversation):
    def test_a_request_is_marked_before_the_application_is_called(self) -> None:
        seen: list[int] = []

        def app(environ: Any, start_response: Any) -> list[bytes]:
            seen.append(self.slot.begun[0])
            start_response("200 OK", [])
            return []

        self.assertEqual(self.slot.begun[0], 0)
        self.ask(app)
        self.ask(app)
        self.slot.request = 0xFFFFFFFE
        self.ask(app)
        self.ask(app)
        self.assertEqual(seen, [1, 2, 0xFFFFFFFF, 0])

    def test_a_request_whose_file_is_refused_is_not_marked(self) -> None:
        def app(environ: Any, start_response: Any) -> list[bytes]:
            raise AssertionError("it was called")

        self.master.sendall(frame.encode(frame.REQUEST, frame.REQUEST_FILE, (get(), None)))
        with self.answering_want([]):
            loop.serve_next(self.slot, app, self.constant)
        self.assertEqual((self.slot.request, self.slot.begun[0]), (1, 0))


class SharedMemory(unittest.TestCase):
    def test_each_slot_has_its_own_place(self) -> None:
        with tempfile.TemporaryFile() as file:
            file.truncate(12)
            (first, *none), (second, *_), (third, *_) = loop._memory(os.dup(file.fileno()), 3)
            first[0], third[0] = 0x01020304, 0xFFFFFFFF
            self.assertEqual((first[0], second[0], third[0]), (0x01020304, 0, 0xFFFFFFFF))
            file.seek(0)
            self.assertEqual(memoryview(file.read()).cast("I").tolist(), [0x01020304, 0, 0xFFFFFFFF])
            self.assertEqual(none, [None, None])

    @unittest.skipUnless(hasattr(os, "memfd_create"), "there are no areas without it")
    def test_areas_stand_behind_the_marks(self) -> None:
        part, size = 64 << 10, 128 << 10
        with open(os.memfd_create("areas", os.MFD_ALLOW_SEALING), "rb+") as file:
            file.truncate(2 * part + 2 * size)
            fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
            (_, first, taken), (begun, second, _) = loop._memory(os.dup(file.fileno()), 2)
            self.assertEqual((len(first), len(second)), (size, size))
            begun[0], taken[0], first[:3], second[-3:] = 1, 2, b"abc", b"xyz"
            file.seek(0)
            whole = file.read()
            self.assertEqual(memoryview(whole)[:8].cast("I").tolist(), [0, 1])
            self.assertEqual(memoryview(whole)[part : part + 8].cast("I").tolist(), [2, 0])
            self.assertEqual(whole[2 * part :][:3], b"abc")
            self.assertEqual(whole[-3:], b"xyz")

    @unittest.skipUnless(hasattr(os, "memfd_create"), "there are no areas without it")
    def test_a_longer_file_of_the_application_is_not_written_to(self) -> None:
        with tempfile.TemporaryFile() as file:
            file.truncate(1 << 20)
            with self.assertRaises((ValueError, OSError)):
                loop._memory(os.dup(file.fileno()), 2)
        with open(os.memfd_create("its own"), "rb+") as file:
            file.truncate(1 << 20)
            with self.assertRaises(ValueError):
                loop._memory(os.dup(file.fileno()), 2)

    def test_without_memory_there_is_none(self) -> None:
        self.assertEqual(loop._memory(0, 2), [(None, None, None)] * 2)

    def test_memory_that_is_too_short(self) -> None:
        with tempfile.TemporaryFile() as file, self.assertRaises(ValueError):
            loop._memory(os.dup(file.fileno()), 3)


if __name__ == "__main__":
    unittest.main()
