"""Writes to both streams: whole lines, a long one, and half a line that nothing ends."""

import os
import sys

print("a line on stdout")
print("a line on stderr", file=sys.stderr)
print("x" * 40_000)
os.write(1, b"half a line")


def application(environ, start_response):
    start_response("200 OK", [])
    return [b"hello"]
