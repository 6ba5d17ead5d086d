"""Frames arrive in whatever pieces the kernel makes of them, and several may arrive at once."""

from __future__ import annotations

import marshal
import socket
import threading
import unittest

from forebay import frame
from forebay.frame import Reader


class TestReader(unittest.TestCase):
    def setUp(self) -> None:
        self.near, self.far = socket.socketpair()
        self.addCleanup(self.near.close)
        self.addCleanup(self.far.close)
        self.reader = Reader(self.far.fileno())

    def read(self) -> tuple[int, int, object]:
        found = self.reader.read()
        assert found is not None
        return found[0], found[1], marshal.loads(found[2])

    def test_one_frame(self) -> None:
        self.near.sendall(frame.encode(7, 3, "x"))
        self.assertEqual(self.read(), (7, 3, "x"))
        self.assertFalse(self.reader.pending)

    def test_end_of_the_stream(self) -> None:
        self.near.close()
        self.assertIsNone(self.reader.read())

    def test_end_within_a_frame(self) -> None:
        whole = frame.encode(1, 0, b"x" * 100_000)
        for name, size in {"head": 3, "payload": 20, "long payload": 70_000}.items():
            with self.subTest(name):
                self.setUp()
                self.near.sendall(whole[:size])
                self.near.close()
                with self.assertRaises(EOFError):
                    self.reader.read()

    def test_several_frames_in_one_read_are_served_in_order(self) -> None:
        self.near.sendall(b"".join(frame.encode(1, 0, number) for number in range(100)))
        self.assertEqual([self.read()[2] for _ in range(100)], list(range(100)))
        self.assertFalse(self.reader.pending)

    def test_a_batch_that_ends_within_a_frame(self) -> None:
        whole = frame.encode(1, 0, "first") + frame.encode(2, 0, "second")
        for cut in range(1, len(whole)):
            with self.subTest(cut=cut):
                seen = self.read_in_pieces([whole[:cut], whole[cut:]], frames=2)
                self.assertEqual(seen, [(1, 0, "first"), (2, 0, "second")])

    def test_frames_around_the_size_of_the_buffer(self) -> None:
        head = len(frame.encode(1, 0, b""))
        for size in (Reader.SIZE - head - 1, Reader.SIZE - head, Reader.SIZE - head + 1, 5 * Reader.SIZE):
            with self.subTest(size=size):
                sent = [b"a" * size, b"b", b"c" * size, b"d"]
                pieces = [b"".join(frame.encode(1, 0, body) for body in sent)]
                self.assertEqual([body for _, _, body in self.read_in_pieces(pieces, frames=4)], sent)

    def test_frames_of_every_length_through_a_buffer_that_wraps(self) -> None:
        sent = [bytes([size % 251]) * (size * 37 % 9000) for size in range(300)]
        pieces = [b"".join(frame.encode(1, 0, body) for body in sent)]
        self.assertEqual([body for _, _, body in self.read_in_pieces(pieces, frames=300)], sent)

    def read_in_pieces(self, pieces: list[bytes], frames: int) -> list[tuple[int, int, object]]:
        """Sends each piece in its own write, and reads what they make up meanwhile."""

        def send() -> None:
            for piece in pieces:
                self.near.sendall(piece)

        thread = threading.Thread(target=send)
        thread.start()
        try:
            return [self.read() for _ in range(frames)]
        finally:
            thread.join(10)


class TestRead(unittest.TestCase):
    def test_reads_no_byte_beyond_its_frame(self) -> None:
        near, far = socket.socketpair()
        with near, far:
            near.sendall(frame.encode(1, 0, "x") + b"rest")
            found = frame.read(far)
            assert found is not None
            self.assertEqual(marshal.loads(found[2]), "x")
            self.assertEqual(far.recv(10), b"rest")

    def test_end_of_the_stream_before_and_within_a_frame(self) -> None:
        for size in (0, 3, 8):
            with self.subTest(size=size):
                near, far = socket.socketpair()
                with near, far:
                    near.sendall(frame.encode(1, 0, "text")[:size])
                    near.shutdown(socket.SHUT_WR)
                    self.assertIsNone(frame.read(far))
