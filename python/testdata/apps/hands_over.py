"""Answers with the file that the query names, in the way that the path does."""

import os


def application(environ, start_response):
    way, name = environ["PATH_INFO"], environ["QUERY_STRING"]
    fields = [("Content-Type", "text/plain"), ("Set-Cookie", "seen=1")]
    if way == "/sendfile":
        start_response("200 OK", [("X-Sendfile", os.path.join(os.environ["MEDIA"], name)), *fields])
        return []
    if way == "/accel":
        start_response("200 OK", [("X-Accel-Redirect", "/protected/" + name), ("Content-Length", "0"), *fields])
        return []
    if way == "/wrapper":
        start_response("200 OK", [("ETag", '"own"'), *fields])
        return environ["wsgi.file_wrapper"](open(os.path.join(os.environ["MEDIA"], name), "rb"))
    start_response("200 OK", fields)
    return [b"<p>the application</p>" * 200]
