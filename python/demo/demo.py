"""The application that forebay serves when it is given none: what forebay is doing now, and things to try.

A plain WSGI application (PEP 3333) for CPython 3.9 and later, of the standard library alone. It runs under any server:
what forebay adds to the environ, the keys that begin with "forebay.", may all be missing. Its style sheet, script and
pictures in static/ are expected at /static/, and are not its own business.
"""
from __future__ import annotations

import datetime
import hashlib
import json
import os
import platform
import sys
import threading
import time
from http import HTTPStatus
from typing import Any, Callable, Iterable, Iterator, NamedTuple, Union
from urllib.parse import parse_qs, parse_qsl, quote
from wsgiref.util import application_uri

from . import demo_multipart as multipart
from . import demo_pages as pages

TICK = 1.0  # seconds
TICKS = 10
SLEEP_LIMIT = 10  # seconds
FORM_LIMIT = 64 * 1024  # bytes
FIELDS_LIMIT = 100
PARTS_LIMIT = 100
THREADS_REMEMBERED = 64

Environ = dict[str, Any]

FIELDS = (
    ("Cache-Control", "no-store"),  # every page tells what is so now
    ("Content-Security-Policy", "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"),
    ("Referrer-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
)


class Answer(NamedTuple):
    body: Union[bytes, Iterable[bytes]]
    kind: str = "text/html; charset=utf-8"
    status: HTTPStatus = HTTPStatus.OK
    fields: tuple[tuple[str, str], ...] = ()


class Refused(Exception):
    """A request that gets an error's status and a page that says why."""

    def __init__(self, status: HTTPStatus, why: str, *fields: tuple[str, str]) -> None:
        super().__init__(why)
        self.status, self.why, self.fields = status, why, fields


class Tally:
    """Counts what this process has answered, by thread."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._lock = threading.Lock()
        self._by_thread: dict[str, int] = {}
        self._served = 0
        self._began = time.monotonic()

    def count(self) -> None:
        name = threading.current_thread().name
        with self._lock:
            self._served += 1
            self._by_thread[name] = self._by_thread.get(name, 0) + 1
            if len(self._by_thread) > THREADS_REMEMBERED:  # a server may take a new thread for each request
                del self._by_thread[next(iter(self._by_thread))]

    def facts(self) -> dict[str, Any]:
        name = threading.current_thread().name
        with self._lock:
            names = list(self._by_thread)
            return {
                "thread": name,
                "seat": names.index(name) if name in names else None,
                "by_thread": list(self._by_thread.values()),
                "served": self._served,
                "uptime": str(datetime.timedelta(seconds=int(time.monotonic() - self._began))),
            }


TALLY = Tally()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=TALLY.reset)  # with preload, one import serves many processes


def app(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
    TALLY.count()
    try:
        answer = _handler(environ)(environ)
    except Refused as refused:
        title = f"{refused.status.value} {refused.status.phrase}"
        answer = _page(environ, title, pages.back(_root(environ) + "/", "To the first page"), lead=refused.why)
        answer = answer._replace(status=refused.status, fields=refused.fields)
    body, fields = answer.body, [("Content-Type", answer.kind), *FIELDS, *answer.fields]
    if isinstance(body, bytes):
        fields.append(("Content-Length", str(len(body))))
        body = [body]
    start_response(f"{answer.status.value} {answer.status.phrase}", fields)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else body


def _handler(environ: Environ) -> Callable[[Environ], Answer]:
    methods = ROUTES.get(_path(environ))
    if methods is None:
        raise Refused(HTTPStatus.NOT_FOUND, "There is no such page in the demo application.")
    method = environ["REQUEST_METHOD"]
    handler = methods.get("GET" if method == "HEAD" else method)
    if handler is None:
        allowed = ", ".join(methods).replace("GET", "GET, HEAD")
        raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, f"This page knows {allowed}.", ("Allow", allowed))
    return handler


# --- the pages ---


def home(environ: Environ) -> Answer:
    facts = now(environ)
    return _page(environ, "Now", pages.home(facts, _root(environ)))


def api_now(environ: Environ) -> Answer:
    return Answer(json.dumps(now(environ)).encode(), "application/json")


def now(environ: Environ) -> dict[str, Any]:
    """What is so at this moment. None stands for what the server does not tell."""
    return {
        **{key: environ.get("forebay." + key) for key in ("version", "workers", "threads", "worker", "request_id")},
        **TALLY.facts(),
        "pid": os.getpid(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "gil": "on" if getattr(sys, "_is_gil_enabled", lambda: True)() else "off",
        "client": _client(environ),
        "protocol": environ.get("SERVER_PROTOCOL"),
    }


def form(environ: Environ) -> Answer:
    return _page(environ, "A form", pages.fill(pages.FORM, root=_root(environ)),
                 lead="An ordinary form, sent by POST. The application shows what reached it.")


def form_sent(environ: Environ) -> Answer:
    if not environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "This page takes application/x-www-form-urlencoded.")
    length = _content_length(environ)
    if length > FORM_LIMIT:
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"This form takes {FORM_LIMIT} bytes.")
    body = environ["wsgi.input"].read(length).decode("utf-8", "replace")
    try:
        fields = parse_qsl(body, keep_blank_values=True, max_num_fields=FIELDS_LIMIT)
    except ValueError:
        raise Refused(HTTPStatus.BAD_REQUEST, f"This form takes {FIELDS_LIMIT} fields.") from None
    table = pages.table(f"{length} bytes, {len(fields)} fields", "Field", "Value", fields)
    return _page(environ, "A form", table + pages.back(_root(environ) + "/form", "Send another"),
                 lead="This is what reached the application.")


def upload(environ: Environ) -> Answer:
    return _page(environ, "An upload", pages.fill(pages.UPLOAD, root=_root(environ)),
                 lead="Send files; the application answers with their size and SHA-256.")


def upload_sent(environ: Environ) -> Answer:
    try:
        boundary = multipart.boundary_of(environ.get("CONTENT_TYPE", ""))
        found = list(_files(environ, boundary))
    except multipart.BadMultipart as error:
        raise Refused(HTTPStatus.BAD_REQUEST, f"The upload could not be read: {error}.") from None
    lead = "This is what reached the application." if found else "No file was chosen."
    again = pages.back(_root(environ) + "/upload", "Send more")
    return _page(environ, "An upload", pages.Html("".join(found) + again), lead=lead)


def _files(environ: Environ, boundary: bytes) -> Iterator[pages.Html]:
    """What there is to say about each file of the upload, which is read once and not kept."""
    parts = multipart.parts(environ["wsgi.input"], _content_length(environ), boundary)
    for count, part in enumerate(parts, start=1):
        if count > PARTS_LIMIT:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"This page takes {PARTS_LIMIT} files at once.")
        if not part.filename:  # a field that is no file, or a file field that was left empty
            continue
        size, digest, began = 0, hashlib.sha256(), time.perf_counter()
        for piece in part.pieces:
            size += len(piece)
            digest.update(piece)
        took = (time.perf_counter() - began) * 1000
        yield pages.fill(pages.UPLOADED, name=part.filename, size=f"{size:,}", sha256=digest.hexdigest(),
                         took=f"{took:.1f}")


def stream(environ: Environ) -> Answer:
    address = application_uri(environ).rstrip("/")
    return _page(environ, "A stream", pages.fill(pages.STREAM, root=_root(environ), address=address),
                 lead="Ten ticks, a second apart, from a generator.")


def stream_events(environ: Environ) -> Answer:
    return Answer(_events(now(environ)), "text/event-stream")


def _events(facts: Environ) -> Iterator[bytes]:
    who = {"of": TICKS, "worker": facts["worker"], "thread": facts["thread"]}
    for tick in _ticks():
        yield b"data: %b\n\n" % json.dumps({"tick": tick, **who}).encode()
    yield b"event: end\ndata: {}\n\n"  # else an EventSource would ask again


def stream_plain(environ: Environ) -> Answer:
    lines = (b"tick %d of %d\n" % (tick, TICKS) for tick in _ticks())
    return Answer(lines, "text/plain; charset=utf-8")


def _ticks() -> Iterator[int]:
    yield 1
    for tick in range(2, TICKS + 1):
        time.sleep(TICK)
        yield tick


def slow(environ: Environ) -> Answer:
    query = parse_qs(environ.get("QUERY_STRING", ""))
    said = "Nothing sleeps yet."
    if "seconds" in query:
        seconds = _seconds(query["seconds"][0])
        time.sleep(seconds)
        said = f"Thread {threading.current_thread().name} slept for {seconds:g} s and then made this page."
    workers, threads = environ.get("forebay.workers"), environ.get("forebay.threads")
    capacity = f": {workers} × {threads} threads in all" if workers and threads else ""
    main = pages.fill(pages.SLOW, root=_root(environ), longest=SLEEP_LIMIT, said=said, capacity=capacity)
    return _page(environ, "A slow page", main, lead="The thread that answers sleeps first.")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= SLEEP_LIMIT:  # not a number is outside, too
        raise Refused(HTTPStatus.BAD_REQUEST, f"seconds must be a number from 0 to {SLEEP_LIMIT}.")
    return seconds


def error(environ: Environ) -> Answer:
    raise RuntimeError("the demo application's error page was asked for: all is well")


def show_environ(environ: Environ) -> Answer:
    # Some servers put the process's own environment into it: that may hold secrets, and is no part of a request.
    pairs = [(key, repr(value)) for key, value in sorted(environ.items()) if os.environ.get(key) != value]
    return _page(environ, "The environ", pages.table(f"{len(pairs)} keys", "Key", "Value", pairs),
                 lead="All that the application is told about this request, as PEP 3333 has it, in Python’s writing.")


ROUTES: dict[str, dict[str, Callable[[Environ], Answer]]] = {
    "/": {"GET": home},
    "/api/now": {"GET": api_now},
    "/form": {"GET": form, "POST": form_sent},
    "/upload": {"GET": upload, "POST": upload_sent},
    "/stream": {"GET": stream},
    "/stream/events": {"GET": stream_events},
    "/stream/plain": {"GET": stream_plain},
    "/slow": {"GET": slow},
    "/error": {"GET": error},
    "/environ": {"GET": show_environ},
}

# --- what they share ---


def _page(environ: Environ, title: str, main: pages.Html, lead: str = "") -> Answer:
    html = pages.page(now(environ), _root(environ), _path(environ), title, pages.Html(main), lead)
    return Answer(html.encode("utf-8", "replace"))


def _root(environ: Environ) -> str:
    """Where the application is mounted, for links. PEP 3333: text in the environ is bytes as latin-1."""
    return quote(environ.get("SCRIPT_NAME", ""), encoding="latin-1")


def _path(environ: Environ) -> str:
    return environ.get("PATH_INFO") or "/"


def _client(environ: Environ) -> str:
    address, port = environ.get("REMOTE_ADDR", ""), environ.get("REMOTE_PORT", "")
    host = f"[{address}]" if ":" in address else address
    return f"{host}:{port}" if address and port else host


def _content_length(environ: Environ) -> int:
    return int(environ.get("CONTENT_LENGTH") or 0)
