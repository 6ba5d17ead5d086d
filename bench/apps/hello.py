"""The least a WSGI application can do: what is measured is the server."""

BODY = b"Hello, world!\n"
FIELDS = [("Content-Type", "text/plain"), ("Content-Length", str(len(BODY)))]


def application(environ, start_response):
    start_response("200 OK", list(FIELDS))
    return [BODY]
