"""Applications that do one thing each, without a framework."""

import json
import time

TEXT = "text/plain"
HELLO = b"Hello, world!\n"
NAP = 0.01  # seconds, as for a query of a database
WAIT = 0.2  # seconds, as for another service
ROWS = [{"id": i, "name": "row %d" % i, "price": i * 1.25, "tags": ["new", "blue", "large"], "stock": i % 7} for i in range(112)]
LARGE = bytes(range(256)) * 4096  # 1 MiB
CHUNK = b"x" * 255 + b"\n"


def answer(start_response, body, kind=TEXT):
    start_response("200 OK", [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]


def rows(environ, start_response):
    """10 KiB of JSON, which is made for each request."""
    return answer(start_response, json.dumps(ROWS).encode(), "application/json")


def echo(environ, start_response):
    """What was sent."""
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    return answer(start_response, body)


def large(environ, start_response):
    """1 MiB in one piece."""
    return answer(start_response, LARGE, "application/octet-stream")


def chunks(environ, start_response):
    """100 pieces of 256 bytes, and nobody knows how many will come."""
    start_response("200 OK", [("Content-Type", TEXT)])
    for _ in range(100):
        yield CHUNK


def sleep(environ, start_response):
    """Waits."""
    time.sleep(NAP)
    return answer(start_response, HELLO)


def mixed(environ, start_response):
    """Waits for long, but only at /slow."""
    if environ["PATH_INFO"] == "/slow":
        time.sleep(WAIT)
    return answer(start_response, HELLO)
