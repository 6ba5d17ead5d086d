"""The least application that answers, for Pythons that have nothing installed. Keep it to Python 3.9's syntax."""

import sys


def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/version":
        body = "%d.%d" % sys.version_info[:2]
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body.encode()]
    if path == "/echo":
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        start_response("200 OK", [("Content-Type", environ["CONTENT_TYPE"]), ("Content-Length", str(len(body)))])
        return [body]
    if path.startswith("/status/"):
        start_response(path[len("/status/"):] + " As asked", [("Content-Type", "text/plain")])
        return [environ["REQUEST_METHOD"].encode(), b" ", environ["QUERY_STRING"].encode()]
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"nothing here"]
