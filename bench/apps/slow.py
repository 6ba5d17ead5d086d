"""What slow clients ask for: a trivial page, a body that is read, and a response that is generated, 1 MiB long."""

BODY = b"Hello, world!\n"
FIELDS = [("Content-Type", "text/plain"), ("Content-Length", str(len(BODY)))]
PIECE, PIECES = b"x" * 16384, 64


def application(environ, start_response):
    if environ["PATH_INFO"] == "/generated":
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(PIECE) * PIECES))])
        return (PIECE for _ in range(PIECES))
    environ["wsgi.input"].read()
    start_response("200 OK", list(FIELDS))
    return [BODY]
