"""Runs the application for one request, under the rules of PEP 3333, and sends what it answers."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Callable

from . import RequestTimeout, fault, frame
from .app import Application
from .environ import Environ
from .fields import Fields, check, content_length, plain
from .files import FileWrapper, Region
from .frame import ABORT, CHUNK, END, ERROR, FREE, HEADER, HEADER_FILE, RESPONSE, SHARED
from .gate import NOBODY
from .slot import ClientGone, Slot
from .state import ResponseState, prepare, run

ExcInfo = tuple[type[BaseException], BaseException, TracebackType]

# A body up to this many bytes goes with its head in one frame.
SMALL = 64 << 10
# How many chunks of a long list go in one system call. The kernel takes 1024 pieces, and each chunk is two.
_AT_ONCE = 256

# A chunk of so many bytes is shared with the master, if it can be.
_WORTH_SHARING = 32 << 10

_NO_BODY = ("204", "304")


def respond(slot: Slot, app: Application, environ: Environ, resumed: Resumed | None = None) -> None:
    """Runs the application and sends its answer, whatever happens: nothing that it raises passes through.

    The answer goes first, then the iterable is closed, and then the master hears that the thread is back. Within a batch
    the answer may wait for close(), as it waits for the next one. If resumed is given the application has run already.
    """
    if resumed is None:
        response = Response(slot, environ.get("REQUEST_METHOD") == "HEAD")  # read before a middleware changes it
    else:
        response = resumed.response
    gate, request = slot.gate, slot.request
    result: Any = ()
    try:
        try:
            if resumed is None:
                gate.inside = request  # these are gate.enter and gate.leave, without the calls
                if gate.wanted == request:
                    gate.refuse(request)
                slot.begun[0] = request
                result = app(environ, response.start_response)
                gate.inside = NOBODY
                if gate.wanted == request:
                    gate.absorb(request)
            else:
                result = resumed.result
                resumed.fail()
            kind = type(result)
            if kind is list or kind is tuple:
                response.send_list(result)
                return
            close: Callable[[], object] | None = getattr(result, "close", None)
            if close is not None:
                response.flags = 0
            response.send_iterable(result)
        except BaseException as error:  # a SystemExit, too, is a failed request and no reason for the thread to end
            gate.leave(request)
            close = response.fail_of(result, error)
    except RequestTimeout as error:  # it came while another exception was handled
        gate.leave(request)
        close = response.fail_of(result, error)
    if close is not None:
        _close(close, slot)


def _close(close: Callable[[], object], slot: Slot) -> None:
    gate, request = slot.gate, slot.request
    try:
        try:
            gate.inside = request  # also where the deadline has passed: what is to be cleaned up is
            close()
            gate.leave(request)
        except BaseException as error:  # the answer is out already, so this is all that is left to do
            gate.leave(request)
            _report(error)
    except RequestTimeout:
        gate.leave(request)
    try:
        slot.free()
    except ClientGone:
        pass  # as in fail


def hurry(slot: Slot, app: Application, constant: Environ, payload: memoryview) -> bool:
    """Has native code serve a request and those of its batch that follow. False: it has not, and the request is ours."""
    return run is not None and run(slot, app, constant, payload)


class Resumed:
    """A request for which native code has called the application, and has found something that is not plain.

    result is what that returned, () where it raised error. rest is what iter made of it, if that was called, and chunks what
    it gave and was not looked at, one at most. error was raised by whatever was called last.
    """

    __slots__ = ("response", "result", "error")

    def __init__(
        self, response: Response, result: Any, rest: Any, chunks: tuple[Any, ...], error: BaseException | None
    ) -> None:
        if response.fields is None:
            response.fields = []
        self.response = response
        self.error: list[BaseException | None] = [error]
        self.result = result
        if rest is not None:
            self.result = _Rest(result, rest, chunks, self.error)
            self.error = [None]

    def fail(self) -> None:
        _raise(self.error)


def _raise(held: list[BaseException | None]) -> None:
    """Raises what is held, if anything is. Nothing may hold it afterwards: it would be part of a cycle with that."""
    try:
        if held[0] is not None:
            raise held[0]
    finally:
        held[0] = None


class _Rest:
    """An application's result that was iterated for a while."""

    def __init__(
        self, result: Any, rest: Iterator[bytes], chunks: tuple[Any, ...], error: list[BaseException | None]
    ) -> None:
        self.rest, self.chunks, self.error = rest, chunks, error
        close = getattr(result, "close", None)
        if close is not None:
            self.close = close

    def __iter__(self) -> Iterator[bytes]:
        yield from self.chunks
        _raise(self.error)
        yield from self.rest


def _report(error: BaseException) -> None:
    """Tells on stderr what no answer can tell any more. What the master has brought about it tells itself."""
    if not isinstance(error, (ClientGone, RequestTimeout)):
        fault.report(error)


class Response(ResponseState):
    """What one request is answered with: the state behind start_response and write."""

    __slots__ = ()

    def __init__(self, slot: Slot, head_only: bool) -> None:
        self.slot = slot
        self.head_only = head_only
        self.status: str | None = None
        self.fields: Fields = []
        self.begun = False  # the head has been sent
        self.over = False  # the last frame has been sent
        self.flags = FREE  # of the last frame

    # What the application calls.

    def start_response(self, status: str, fields: Fields, exc_info: ExcInfo | None = None) -> Callable[[bytes], None]:
        """start_response of PEP 3333. It checks at once, so that the fault shows where it was made.

        Native code has its own for what is plain, and calls this one for all else.
        """
        if exc_info:
            try:
                if self.begun:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # PEP 3333: it would be part of a cycle with this frame
        elif self.status is not None:
            raise AssertionError("start_response was called a second time, and without exc_info")
        check(status, fields)
        self.status = status
        self.fields = list(fields)  # what was checked is what is sent
        return self.write

    def write(self, data: bytes) -> None:
        """The callable that start_response returns. Its bytes leave at once."""
        if self.over:
            raise AssertionError("write was called after the end of the response")
        _check_chunk(data)
        if not data:
            return
        gate, request = self.slot.gate, self.slot.request
        gate.leave(request)
        try:
            self._send_chunk(data)
        finally:
            gate.enter(request)

    # What the application returned.

    def send_list(self, chunks: Sequence[bytes]) -> None:
        """Sends a whole body that is in memory. Each chunk is checked before any is sent."""
        size = 0
        for chunk in chunks:
            _check_chunk(chunk)
            size += len(chunk)
        if self.begun or size > SMALL:
            self._send_long_list(chunks)
        else:  # to a HEAD request, too: the master can tell the length from it
            self._send_whole(chunks[0] if len(chunks) == 1 else b"".join(chunks))

    def _send_long_list(self, chunks: Sequence[bytes]) -> None:
        if self.head_only and not self.begun:
            self._send_whole(b"")
            return
        parts = [] if self.begun else [self._encode(HEADER, 0)]
        for start in range(0, len(chunks), _AT_ONCE):
            self._check_client()
            for chunk in chunks[start : start + _AT_ONCE]:
                if chunk:
                    parts += self._chunk(chunk)
            if start + _AT_ONCE < len(chunks):
                self._send(parts)
                parts = []
        parts.append(_end(self.flags))
        self.over = True
        self._send(parts)

    def send_iterable(self, result: Iterable[bytes]) -> None:
        """Sends each chunk as it comes. PEP 3333: the head waits for the first chunk that is not empty."""
        if type(result) is FileWrapper and not self.begun and not self.head_only:
            region = result.region()
            if region is not None:
                self._send_region(region)
                return
        gate, request = self.slot.gate, self.slot.request
        gate.enter(request)
        for chunk in result:
            gate.inside = NOBODY  # this is gate.leave, and gate.enter below, without the calls
            if gate.wanted == request:
                gate.absorb(request)
            if type(chunk) is not bytes:
                _check_chunk(chunk)
            if not chunk:  # the way to ask whether anybody still listens
                self._check_client()
            elif self.over:  # more than Content-Length said
                return
            elif self.begun:
                self._send_chunk(chunk)
            elif self.head_only or self._has_no_body():
                self._send_whole(b"")
                return
            else:
                self._send_first(chunk)
            gate.inside = request
            if gate.wanted == request:
                gate.refuse(request)
        gate.leave(request)
        if self.begun and not self.over:
            self._send_end()
        elif not self.over:
            self._send_whole(b"")

    def fail_of(self, result: object, error: BaseException) -> Callable[[], object] | None:
        """Ends the response as fail does, and returns what of the application's result is still to be closed."""
        close: Callable[[], object] | None
        try:
            close = getattr(result, "close", None)
        except BaseException:  # an attribute that fails, as error may say already
            close = None
        self.flags = FREE if close is None else 0
        self.fail(error)
        return close

    def fail(self, error: BaseException) -> None:
        """Ends the response with the reason why it failed. Once it is over, stderr is the only place left to say so."""
        if self.over:
            _report(error)
            return
        text = str(error) if isinstance(error, ClientGone) else fault.text(error)
        self.over = True
        try:
            self.slot.send(frame.encode(ABORT if self.begun else ERROR, self.flags, (text,)))
        except ClientGone:
            pass  # the master has closed this slot; the next read says so, too

    # Frames.

    def _encode(self, kind: int, flags: int, *more: object) -> bytes:
        if self.status is None:
            raise AssertionError("the application has not called start_response")
        try:
            return frame.encode(kind, flags, (self.status, self.fields, *more))
        except ValueError:  # marshal takes no subclasses; most applications use none
            return frame.encode(kind, flags, (*plain(self.status, self.fields), *more))

    def _has_no_body(self) -> bool:
        return self.status is not None and self.status[:3] in _NO_BODY

    def _send_whole(self, body: bytes) -> None:
        slot = self.slot
        in_batch = slot.reader.pending > 0 and not slot.once
        data = self._encode(RESPONSE, FREE if in_batch else self.flags, body)
        self.begun = self.over = True
        if in_batch:
            slot.answer(data, closing=self.flags == 0)
        else:
            slot.send(data)

    def _send_first(self, chunk: bytes) -> None:
        """Sends the head with the first chunk of the body, and the end with them where Content-Length is reached."""
        length = content_length(self.fields)
        if length is None or len(chunk) < length:
            self._send_chunk(chunk)
        elif len(chunk) <= SMALL:
            self._send_whole(chunk)
        else:
            parts = [self._encode(HEADER, 0), *self._chunk(chunk), _end(self.flags)]
            self.over = True
            self._send(parts)

    def _send_chunk(self, chunk: bytes) -> None:
        self._check_client()
        if self.begun:
            self._send(self._chunk(chunk))
        else:
            self._send([self._encode(HEADER, 0), *self._chunk(chunk)])

    def _send_region(self, region: Region) -> None:
        length = content_length(self.fields)
        count = region.size if length is None else min(length, region.size)
        if count == 0 or self._has_no_body():
            self._send_whole(b"")
            return
        head = self._encode(HEADER, HEADER_FILE, str(region.offset), str(count))
        self.begun = self.over = True
        self.slot.send_with_file(head + _end(self.flags), region.descriptor)

    def _send_end(self) -> None:
        self.over = True
        self.slot.send(_end(self.flags))

    def _send(self, parts: Sequence[bytes]) -> None:
        self.begun = True
        self.slot.send_parts(parts)

    def _chunk(self, chunk: bytes) -> Sequence[Any]:
        if len(chunk) >= _WORTH_SHARING:
            size = self.slot.share(chunk)
            if size:
                shared = frame.HEAD.pack(frame.SIZE.size, SHARED, 0) + frame.SIZE.pack(size)
                if size == len(chunk):
                    return (shared,)
                return shared, frame.HEAD.pack(len(chunk) - size, CHUNK, 0), memoryview(chunk)[size:]
        return frame.HEAD.pack(len(chunk), CHUNK, 0), chunk

    def _check_client(self) -> None:
        if self.slot.client_gone():
            raise ClientGone("client gone")


def _check_chunk(chunk: object) -> None:
    if not isinstance(chunk, bytes):
        raise TypeError(f"the body has a chunk of type {type(chunk).__name__}, not bytes")


def _end(flags: int) -> bytes:
    return frame.HEAD.pack(0, END, flags)


prepare(Response, FileWrapper, io.BytesIO, Resumed, respond, _close)
