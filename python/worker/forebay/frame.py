"""Frames, the one form in which master and worker speak. python/doc.go of the master's source says what each means."""

from __future__ import annotations

import marshal
import os
import socket
import struct
from typing import Any

from .state import ReaderState

HEAD = struct.Struct("<IBB")  # length of the payload, kind, flags

# From the master, on a slot.
REQUEST = 1

# To the master, on a slot.
RESPONSE = 16
HEADER = 17
CHUNK = 18
END = 19
ABORT = 20
ERROR = 21
WANT = 22
IDLE = 23
SHARED = 24

# From the master, on the control socket.
BOOT = 32
CANCEL = 33
DRAIN = 34
RECALL = 35
INTERRUPT = 36
FORK = 37
SERVING = 38
STACK = 39
PING = 40

# To the master, on the control socket.
READY = 48
FAILED = 49
RECALLED = 50
INTERRUPTED = 51
FORKED = 52
MODULES = 53
STACKS = 54
PONG = 55

FREE = 1  # on RESPONSE, END, ABORT and ERROR: the thread is back, no IDLE follows
REQUEST_FILE = 1  # on REQUEST: the body is in a file, to be had for a WANT
REQUEST_ONCE = 2  # on REQUEST: its answer leaves before the next one of the batch is begun
HEADER_FILE = 2  # on HEADER: the body is in the file whose descriptor was sent ahead

SIZE = struct.Struct("<I")  # the payload of SHARED

_PONG = HEAD.pack(0, PONG, 0)

MAX_PAYLOAD = 1 << 20  # of every frame but CHUNK: the master takes a worker that sends more for broken

Frame = tuple[int, int, memoryview]


class ProtocolError(Exception):
    """The master sent what the wire does not know: the two are not of one version, or one of them has a fault."""


def encode(kind: int, flags: int, value: Any) -> bytes:
    """Returns a whole frame. Version 2 of marshal is the last without back references, and Go need not know those."""
    payload = marshal.dumps(value, 2)
    if len(payload) > MAX_PAYLOAD:
        raise OverflowError(f"{len(payload)} bytes are too many for status and fields of a response")
    return HEAD.pack(len(payload), kind, flags) + payload


def tell(control: socket.socket, kind: int, value: Any) -> None:
    """Says something on the control socket. If the master is gone, so is this process."""
    try:
        control.sendall(encode(kind, 0, value))
    except ConnectionError:
        os._exit(0)


def pong(control: socket.socket) -> None:
    """Answers a PING, whose time the master takes."""
    try:
        control.sendall(_PONG)
    except ConnectionError:
        os._exit(0)


def read(sock: socket.socket) -> Frame | None:
    """Reads exactly one frame, or None where the stream ends before it."""
    head = _read_exactly(sock, bytearray(HEAD.size))
    if head is None:
        return None
    length, kind, flags = HEAD.unpack(head)
    payload = _read_exactly(sock, bytearray(length))
    return None if payload is None else (kind, flags, payload)


def _read_exactly(sock: socket.socket, data: bytearray) -> memoryview | None:
    view = memoryview(data)
    have = 0
    while have < len(data):
        size = sock.recv_into(view[have:])
        if size == 0:
            return None
        have += size
    return view


class Reader(ReaderState):
    """Reads the frames that come through a descriptor. What one read brings beyond a frame is kept for the next one.

    A frame's payload is good until the next call. It may be followed by old bytes: marshal finds its own end.
    """

    __slots__ = ("_descriptor", "_whole", "_view", "_first")

    SIZE = 64 << 10

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.buffer = bytearray(self.SIZE)
        self._whole = (self.buffer,)
        self._view = memoryview(self.buffer)
        self._first = self._view[HEAD.size :]
        # What has been read and not been handed out lies between these two; both are 0 when there is nothing.
        self.start = 0
        self.pending = 0

    def read(self) -> Frame | None:
        """Returns the next frame, or None at the end of the stream."""
        if self.pending == 0:
            size = os.readv(self._descriptor, self._whole)
            if size == 0:
                return None
            if size >= HEAD.size:
                length, kind, flags = HEAD.unpack_from(self.buffer)
                if size == HEAD.size + length:  # exactly one frame, as nearly always
                    return kind, flags, self._first
            self.pending = size
        begin = self.start + HEAD.size
        if begin <= self.pending:
            length, kind, flags = HEAD.unpack_from(self.buffer, self.start)
            end = begin + length
            if end < self.pending:  # one of a batch, but not its last
                self.start = end
                return kind, flags, self._view[begin:end]
        return self._read_from_buffer()

    def _read_from_buffer(self) -> Frame:
        self._fill(HEAD.size)
        length, kind, flags = HEAD.unpack_from(self.buffer, self.start)
        if HEAD.size + length > self.SIZE:
            return kind, flags, self._read_long(length)
        self._fill(HEAD.size + length)
        begin = self.start + HEAD.size
        self._take(HEAD.size + length)
        return kind, flags, self._view[begin : begin + length]

    def _read_long(self, length: int) -> memoryview:
        """Reads a payload for which the buffer is too small."""
        self._take(HEAD.size)
        data = bytearray(length)
        have = self.pending - self.start
        data[:have] = self._view[self.start : self.pending]
        self._take(have)
        view = memoryview(data)
        while have < length:
            have += self._more(view[have:])
        return view

    def _fill(self, size: int) -> None:
        """Reads until size bytes are there, which the buffer has room for."""
        if self.start + size > self.SIZE:
            rest = self.pending - self.start
            self._view[:rest] = self._view[self.start : self.pending]
            self.start, self.pending = 0, rest
        while self.pending - self.start < size:
            self.pending += self._more(self._view[self.pending :])

    def _more(self, view: memoryview) -> int:
        size = os.readv(self._descriptor, (view,))
        if size == 0:
            raise EOFError("the stream ended within a frame")
        return size

    def _take(self, size: int) -> None:
        self.start += size
        if self.start == self.pending:
            self.start = self.pending = 0
