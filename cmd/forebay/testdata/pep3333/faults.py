"""Applications that do what PEP 3333 forbids, or that fail. Nobody judges them but the server."""

import sys

from rows import TEXT, Closed


def raises(environ, start_response):
    raise ValueError("secret reason")


def raises_after_start(environ, start_response):
    start_response("200 OK", [TEXT, ("X-First", "1")])
    raise ValueError("secret reason")


def exc_info_after(environ, start_response):
    start_response("200 OK", [TEXT])
    yield b"begun"
    try:
        raise ValueError("secret reason")
    except ValueError:
        start_response("500 Too Late", [TEXT], sys.exc_info())
    yield b"never sent"


def fails_midway(environ, start_response):
    start_response("200 OK", [TEXT])

    def chunks():
        yield b"begun"
        raise ValueError("secret reason")

    return Closed(environ, chunks())


def fails_at_once(environ, start_response):
    start_response("200 OK", [TEXT])

    def chunks():
        raise ValueError("secret reason")
        yield b""

    return Closed(environ, chunks())


def exits(environ, start_response):
    sys.exit("secret reason")


def never_started(environ, start_response):
    return [b"x"]


def started_twice(environ, start_response):
    start_response("200 OK", [TEXT])
    start_response("200 OK", [TEXT])
    return [b"x"]


def short(environ, start_response):
    start_response("200 OK", [TEXT, ("Content-Length", "10")])
    return [b"hello"]


def short_stream(environ, start_response):
    start_response("200 OK", [TEXT, ("Content-Length", "10")])
    yield b"hel"
    yield b"lo"


def long(environ, start_response):
    start_response("200 OK", [TEXT, ("Content-Length", "4")])
    return [b"hello"]


def long_stream(environ, start_response):
    start_response("200 OK", [TEXT, ("Content-Length", "4")])
    yield b"hel"
    yield b"lo"


def head_with_body(environ, start_response):
    start_response("200 OK", [TEXT, ("Content-Length", "5")])
    return [b"hello"]


def no_content_with_body(environ, start_response):
    start_response("204 No Content", [TEXT, ("Content-Length", "5")])
    return [b"hello"]


def not_modified_with_body(environ, start_response):
    start_response("304 Not Modified", [TEXT])
    return iter([b"hello"])


def text_chunk(environ, start_response):
    start_response("200 OK", [TEXT])
    return ["text"]


def text_chunk_in_stream(environ, start_response):
    start_response("200 OK", [TEXT])
    yield "text"


def field_with_line_end(environ, start_response):
    start_response("200 OK", [TEXT, ("X-A", "b\r\nSet-Cookie: c=d")])
    return [b"x"]


def field_beyond_latin(environ, start_response):
    start_response("200 OK", [TEXT, ("X-A", "\u20ac")])
    return [b"x"]


def field_of_bytes(environ, start_response):
    start_response("200 OK", [TEXT, ("X-A", b"b")])
    return [b"x"]


def status_with_line_end(environ, start_response):
    start_response("200 OK\r\nX-A: b", [TEXT])
    return [b"x"]


def hop_by_hop(environ, start_response):
    start_response("200 OK", [TEXT, ("Connection", "close"), ("Transfer-Encoding", "chunked"), ("Keep-Alive", "x")])
    return [b"x"]
