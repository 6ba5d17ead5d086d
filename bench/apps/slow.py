"""What slow clients ask for: a trivial page, a body that is read, and generated responses of 1 MiB and 64 KiB."""

BODY = b"Hello, world!\n"
FIELDS = [("Content-Type", "text/plain"), ("Content-Length", str(len(BODY)))]
PIECE = b"x" * 16384
PIECES = {"/generated": 64, "/page": 4}


def application(environ, start_response):
    pieces = PIECES.get(environ["PATH_INFO"])
    if pieces:
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(PIECE) * pieces))])
        return (PIECE for _ in range(pieces))
    environ["wsgi.input"].read()
    start_response("200 OK", list(FIELDS))
    return [BODY]
