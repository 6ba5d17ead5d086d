"""Each POST keeps 8 MiB more."""

import os

KEPT = []


def application(environ, start_response):
    if environ["REQUEST_METHOD"] == "POST":
        KEPT.append(b"x" * (8 << 20))
    start_response("200 OK", [])
    return [str(os.getpid()).encode()]
