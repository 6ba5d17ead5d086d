"""Applications that read wsgi.input in every way that a file allows."""

import hashlib
import json


def read_all(environ, start_response):
    data = environ["wsgi.input"].read(-1)
    return _answer(start_response, [data], environ)


def read_by_length(environ, start_response):
    data = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    return _answer(start_response, [data, environ["wsgi.input"].read(10)], environ)


def read_pieces(environ, start_response):
    return _answer(start_response, list(iter(lambda: environ["wsgi.input"].read(1000), b"")), environ)


def read_lines(environ, start_response):
    return _answer(start_response, list(iter(environ["wsgi.input"].readline, b"")), environ)


def read_short_lines(environ, start_response):
    pieces = list(iter(lambda: environ["wsgi.input"].readline(7), b""))
    assert all(len(piece) <= 7 and b"\n" not in piece[:-1] for piece in pieces)
    return _answer(start_response, pieces, environ)


def read_by_iteration(environ, start_response):
    return _answer(start_response, list(environ["wsgi.input"]), environ)


def read_list_of_lines(environ, start_response):
    return _answer(start_response, environ["wsgi.input"].readlines(), environ)


def read_mixed(environ, start_response):
    file = environ["wsgi.input"]
    pieces = [file.read(3), file.readline(), file.readline(2), file.read(0), next(iter(file)), file.read(1), file.read(-1)]
    return _answer(start_response, [*pieces, file.read(-1), file.readline()], environ)


def read_nothing(environ, start_response):
    return _answer(start_response, [], environ)


def _answer(start_response, pieces, environ):
    data = b"".join(pieces)
    start_response("200 OK", [("Content-Type", "application/json")])
    told = {
        "pieces": len(pieces),
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "length": environ.get("CONTENT_LENGTH"),
        "terminated": environ["wsgi.input_terminated"],
    }
    return [json.dumps(told).encode()]

