"""A slot: the socket that one thread takes its requests from and answers them on."""

from __future__ import annotations

import array
import os
import socket
from collections.abc import Sequence
from typing import BinaryIO

from .frame import BODY, HEAD, WANT, Frame, ProtocolError, Reader

_WANT = HEAD.pack(0, WANT, 0)
_BODY_SIZE = HEAD.size + 1

# Python does not set this itself, and a process that the application starts must not inherit uploads. macOS lacks it.
_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)


class ClientGone(ConnectionError):
    """The client has left, or the master has taken the slot back: what is written now, nobody reads."""


class Slot:
    """Belongs to its thread, except for cancel and close, which the main thread calls."""

    __slots__ = ("socket", "reader", "request", "cancelled", "_sendall")

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.reader = Reader(sock)
        self.request = 0  # how many have been taken, modulo 2**32 as the master counts
        self.cancelled = -1
        self._sendall = sock.sendall

    def take(self) -> Frame | None:
        """Waits for the next frame. None says that the master has closed the slot."""
        try:
            found = self.reader.read()
        except (OSError, EOFError):
            return None
        self.request = (self.request + 1) & 0xFFFFFFFF
        return found

    def cancel(self, request: int) -> None:
        """Notes that the client of a request has left. It is forgotten if that request is over."""
        self.cancelled = request & 0xFFFFFFFF

    def client_gone(self) -> bool:
        return self.cancelled == self.request

    def send(self, data: bytes) -> None:
        try:
            self._sendall(data)
        except OSError as error:
            raise ClientGone("client gone") from error

    def send_parts(self, parts: Sequence[bytes]) -> None:
        """Sends all parts in one system call, without copying them."""
        try:
            sent = self.socket.sendmsg(parts)
            for part in parts:
                if sent < len(part):  # cut short: by a signal, or above 2 GiB
                    self._sendall(memoryview(part)[sent:])
                sent = max(0, sent - len(part))
        except OSError as error:
            raise ClientGone("client gone") from error

    def send_descriptor(self, data: bytes, descriptor: int) -> None:
        """Sends data with the descriptor attached to its first byte."""
        try:
            sent = socket.send_fds(self.socket, [data], [descriptor])
            self._sendall(data[sent:])
        except OSError as error:
            raise ClientGone("client gone") from error

    def receive_file(self) -> BinaryIO:
        """Asks the master for the body of the current request, and returns it at its beginning."""
        if self.reader.pending:
            raise ProtocolError("a request with a file was not the last of its batch")
        self.send(_WANT)
        data = b""
        descriptors = array.array("i")
        space = socket.CMSG_LEN(descriptors.itemsize)
        while len(data) < _BODY_SIZE:
            part, ancillary, _, _ = self.socket.recvmsg(_BODY_SIZE - len(data), space, _CLOSE_ON_EXEC)
            if not part:
                raise ClientGone("client gone")
            data += part
            for _, _, attached in ancillary:
                descriptors.frombytes(attached)
        if data[:-1] != HEAD.pack(1, BODY, 0) or len(descriptors) != 1:
            raise ProtocolError(f"{data!r} with {len(descriptors)} descriptors came in place of a request's body")
        # Whoever wrote the file left its offset, which all its descriptors share, at the end.
        os.lseek(descriptors[0], 0, os.SEEK_SET)
        return open(descriptors[0], "rb")

    def close(self) -> None:
        self.socket.close()
