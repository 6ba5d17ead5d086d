"""wsgi.file_wrapper (PEP 3333, "Optional Platform-Specific File Handling")."""

from __future__ import annotations

import io
import os
import stat
from typing import Any, NamedTuple

# Who reads a file's bytes as they are. A subclass may change them, and a GzipFile reads other bytes than it has.
_PLAIN_READERS = (io.BufferedReader, io.BufferedRandom, io.FileIO)


class Region(NamedTuple):
    """The rest of a regular file, which the master can send by itself."""

    descriptor: int
    offset: int
    size: int


class FileWrapper:
    """What an application makes of a file. Returned as it is, the file goes to the master by descriptor."""

    def __init__(self, filelike: Any, blksize: int = 8192) -> None:
        self.filelike = filelike
        self.blksize = blksize
        if hasattr(filelike, "close"):
            self.close = filelike.close

    def __iter__(self) -> FileWrapper:
        return self

    def __next__(self) -> bytes:
        block: bytes = self.filelike.read(self.blksize)
        if not block:
            raise StopIteration
        return block

    def region(self) -> Region | None:
        """Returns what is left of the file, or None where only reading tells: a pipe, a BytesIO, an unknown kind."""
        # A proxy, such as Django's File, hands out the read method of the file that it stands for.
        reader: Any = getattr(self.filelike.read, "__self__", None)
        if type(reader) not in _PLAIN_READERS or not _is_plain(reader):
            return None
        try:
            if reader.writable():
                reader.flush()
            offset = reader.tell()
            state = os.fstat(reader.fileno())
        except (OSError, ValueError):  # closed, or not to be told
            return None
        if not stat.S_ISREG(state.st_mode):
            return None
        return Region(reader.fileno(), offset, max(0, state.st_size - offset))


def _is_plain(reader: Any) -> bool:
    return type(reader) is io.FileIO or type(reader.raw) is io.FileIO
