"""Reads a multipart/form-data body (RFC 7578) piece by piece, so that a file of any size needs little memory.

    for part in parts(stream, length, boundary):
        for piece in part.pieces: ...

A part's pieces must be read before the next part; what is left of them is skipped. What is held at once is bounded:
one piece, and the head of one part. A body that breaks RFC 2046, section 5.1.1, raises BadMultipart.
"""
from __future__ import annotations

import re
from typing import BinaryIO, Iterator, NamedTuple, Optional

PIECE = 64 * 1024
HEAD_LIMIT = 8 * 1024

# RFC 9110, section 5.6.6: ; name=token or ; name="quoted text". RFC 7578, section 4.2, has no filename* form.
PARAMETER = re.compile(r''';\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))''')


class BadMultipart(ValueError):
    """The body is not what its Content-Type says."""


class Part(NamedTuple):
    name: str
    filename: Optional[str]  # None for a part that is not a file
    pieces: Iterator[bytes]


def boundary_of(content_type: str) -> bytes:
    """The boundary that separates the parts, from a Content-Type field."""
    kind, parameters = _parse_field(content_type)
    if kind != "multipart/form-data":
        raise BadMultipart("the body is not multipart/form-data")
    boundary = parameters.get("boundary", "").encode("latin-1")  # PEP 3333: text in the environ is bytes as latin-1
    if not 1 <= len(boundary) <= 70:  # RFC 2046, section 5.1.1
        raise BadMultipart("the boundary must have 1 to 70 characters")
    return boundary


def parts(stream: BinaryIO, length: int, boundary: bytes) -> Iterator[Part]:
    """Yields the parts of a body of length bytes, in their order."""
    body = _Body(stream, length)
    delimiter = b"\r\n--" + boundary
    skip(body.until(delimiter))  # RFC 2046: a preamble is ignored
    while not body.at_end():
        name, filename = _parse_head(body.head())
        pieces = body.until(delimiter)
        yield Part(name, filename, pieces)
        skip(pieces)


def skip(pieces: Iterator[bytes]) -> None:
    for _ in pieces:
        pass


def _parse_head(head: bytes) -> tuple[str, Optional[str]]:
    padding, _, lines = head.partition(b"\r\n")
    if padding.strip(b" \t"):
        raise BadMultipart("a delimiter is followed by something else than the end of its line")
    # RFC 7578, section 5.1: browsers write names in UTF-8 without saying so.
    for line in lines.decode("utf-8", "replace").split("\r\n"):
        name, _, value = line.partition(":")
        kind, parameters = _parse_field(value)
        if name.lower() == "content-disposition" and kind == "form-data":
            return parameters.get("name", ""), parameters.get("filename")
    raise BadMultipart("a part has no Content-Disposition: form-data")


def _parse_field(value: str) -> tuple[str, dict[str, str]]:
    """A field's value in lower case up to its first semicolon, and its parameters."""
    kind, semicolon, rest = value.partition(";")
    parameters = {}
    for name, quoted, token in PARAMETER.findall(semicolon + rest):
        # Only \" is undone: browsers write a backslash as it is.
        parameters.setdefault(name.lower(), quoted.replace('\\"', '"') or token)
    return kind.strip().lower(), parameters


class _Body:
    """The bytes of a body: read in pieces, given out up to the next mark."""

    def __init__(self, stream: BinaryIO, length: int) -> None:
        self._stream = stream
        self._left = length  # PEP 3333: an application must not read beyond CONTENT_LENGTH
        self._buffer = b"\r\n"  # the first delimiter may stand at the very beginning, without its line break

    def until(self, mark: bytes) -> Iterator[bytes]:
        """Yields what stands before the mark, and steps over the mark."""
        keep = len(mark) - 1  # as much of the mark as may stand at the end of a piece
        while True:
            before, found, after = self._buffer.partition(mark)
            if found:
                self._buffer = after
                yield from filter(None, [before])
                return
            if len(self._buffer) > keep:
                piece, self._buffer = self._buffer[:-keep], self._buffer[-keep:]
                yield piece
            self._fill()

    def head(self) -> bytes:
        """The rest of a delimiter's line and the fields of the part that follows."""
        while b"\r\n\r\n" not in self._buffer[:HEAD_LIMIT]:
            if len(self._buffer) >= HEAD_LIMIT:
                raise BadMultipart("the head of a part is too long")
            self._fill()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        return head

    def at_end(self) -> bool:
        """Whether the delimiter just read was the last one, which two hyphens follow."""
        while len(self._buffer) < 2:
            self._fill()
        return self._buffer[:2] == b"--"

    def _fill(self) -> None:
        more = self._stream.read(min(PIECE, self._left))
        if not more:
            raise BadMultipart("the body ends within a part")
        self._left -= len(more)
        self._buffer += more
