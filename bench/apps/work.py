"""Requests that cost something: /sleep/20 waits 20 ms as for a database, /spin/20 works 20 ms of CPU time."""

import time

BODY = b"done\n"
FIELDS = [("Content-Type", "text/plain"), ("Content-Length", str(len(BODY)))]


def spin(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        sum(range(1000))


def application(environ, start_response):
    _, kind, milliseconds = environ["PATH_INFO"].split("/")
    {"sleep": time.sleep, "spin": spin}[kind](int(milliseconds) / 1000)
    start_response("200 OK", list(FIELDS))
    return [BODY]
