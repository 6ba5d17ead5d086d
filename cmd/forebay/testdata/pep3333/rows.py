"""Applications that do what PEP 3333 allows."""

import io
import json
import os
import sys
import tempfile
import traceback

TEXT = ("Content-Type", "text/plain")


def written(environ, start_response):
    write = start_response("200 OK", [TEXT])
    write(b"first ")
    write(b"")
    write(b"second ")
    return [b"third"]


def replaced(environ, start_response):
    start_response("200 OK", [TEXT, ("X-First", "1")])
    try:
        raise ValueError("before the head")
    except ValueError:
        start_response("500 Replaced", [TEXT, ("X-Second", "2")], sys.exc_info())
    return [b"replaced"]


def late(environ, start_response):
    start_response("202 At The First Next", [TEXT])
    yield b"late"


def empty_first(environ, start_response):
    start_response("200 OK", [TEXT])
    yield b""
    _start_again(start_response)
    yield b""
    yield b"content"
    yield b""
    yield b" goes on"


def _start_again(start_response):
    """Until a chunk that is not empty, the head can be replaced."""
    try:
        raise ValueError("still before the head")
    except ValueError:
        start_response("203 Replaced", [TEXT], sys.exc_info())


def only_empty(environ, start_response):
    start_response("200 OK", [TEXT])
    return iter([b"", b""])


def nothing(environ, start_response):
    start_response("200 OK", [TEXT])
    return []


def sized(environ, start_response):
    start_response("200 OK", [TEXT, ("Content-Length", "5")])
    return [b"hello"] if environ["REQUEST_METHOD"] != "HEAD" else []


def no_content(environ, start_response):
    start_response("204 No Content", [])
    return []


def not_modified(environ, start_response):
    start_response("304 Not Modified", [("ETag", '"a"')])
    return []


def latin(environ, start_response):
    start_response("200 Très bien", [TEXT, ("X-Latin", "caf\xe9"), ("X-Echo", environ.get("HTTP_X_LATIN", ""))])
    return [b"x"]


def cookies(environ, start_response):
    start_response("200 OK", [TEXT, ("Set-Cookie", "a=1"), ("Set-Cookie", "a=2; Path=/b"), ("set-cookie", "c=3")])
    return [environ.get("HTTP_COOKIE", "").encode("latin-1")]


def show(environ, start_response):
    """All of the environ that JSON can hold."""
    plain = {key: value for key, value in environ.items() if isinstance(value, (str, bool, tuple))}
    plain["os.environ"] = sorted(key for key in os.environ if key in environ)
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(plain).encode()]


def errors(environ, start_response):
    environ["wsgi.errors"].write("a line to wsgi.errors\n")
    environ["wsgi.errors"].writelines(["one ", "and another\n"])
    environ["wsgi.errors"].flush()
    start_response("200 OK", [TEXT])
    return [b"written"]


def stack(environ, start_response):
    frames = [f"{frame.filename}:{frame.name}" for frame in traceback.extract_stack()]
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(frames).encode()]


def real_file(environ, start_response):
    file = tempfile.TemporaryFile()
    file.write(b"0123456789" * 20000)
    file.seek(5)  # what was read already is not sent
    start_response("200 OK", [TEXT])
    return environ["wsgi.file_wrapper"](Closing(file, environ) if environ["QUERY_STRING"] else file)


def bytes_file(environ, start_response):
    file = io.BytesIO(b"0123456789" * 20000)
    file.seek(5)
    start_response("200 OK", [TEXT])
    return environ["wsgi.file_wrapper"](file, 1000)


class Closing:
    """A file-like object that has read and close, and nothing else."""

    def __init__(self, file, environ):
        self.read, self.file, self.environ = file.read, file, environ

    def close(self):
        self.file.close()
        self.environ["wsgi.errors"].write("closed file-like\n")


class Closed:
    """An iterable that tells of its close()."""

    def __init__(self, environ, chunks):
        self.environ, self.chunks = environ, iter(chunks)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.chunks)

    def close(self):
        self.environ["wsgi.errors"].write(f"closed {self.environ['QUERY_STRING']}\n")


class ClosedList(list):
    """A list that wants to be closed, too."""

    environ = None

    def close(self):
        self.environ["wsgi.errors"].write(f"closed {self.environ['QUERY_STRING']}\n")


def closed(environ, start_response):
    start_response("200 OK", [TEXT])
    return Closed(environ, [b"a", b"b"])


def closed_list(environ, start_response):
    start_response("200 OK", [TEXT])
    chunks = ClosedList([b"a", b"b"])
    chunks.environ = environ
    return chunks


def endless(environ, start_response):
    """Goes on until its client leaves."""
    start_response("200 OK", [TEXT])

    def chunks():
        while True:
            yield b"x" * 65536

    return Closed(environ, chunks())
