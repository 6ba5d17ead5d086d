"""Gets stuck in the way that the path names, and says so on stdout first. /ok/TEXT is answered at once.

Below /stream/ it does so between two chunks, below /close/ in the iterable's close(), and below /swallow/ it catches what is
raised in it and goes on. Below /empty/ is a stream that yields nothing but empty chunks after its first.
"""

import hashlib
import re
import threading
import time

from forebay import RequestTimeout

LOCK = threading.Lock()
LOCK.acquire()


def loop():
    while True:
        pass


def sleep():
    time.sleep(600)


def lock():
    LOCK.acquire()


def gil():
    """C code that keeps the GIL: a match that tries all ways to split the text."""
    re.match("(?:a|aa)*b", "a" * 60)


def free():
    """C code that lets go of the GIL."""
    hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 1 << 30)


def naps():
    """Many short waits, as a client of some other server makes them."""
    while True:
        time.sleep(0.01)


KINDS = {f.__name__: f for f in (loop, sleep, lock, gil, free, naps)}


def application(environ, start_response):
    words = environ["PATH_INFO"].split("/")
    if words[1] in WAYS:
        return WAYS[words[1]](words[2], start_response)
    get_stuck(words[1])
    start_response("200 OK", [])
    return [b"not stuck"]


def get_stuck(kind):
    print(f"stuck in {kind}", flush=True)
    KINDS[kind]()


def ok(text, start_response):
    start_response("200 OK", [])
    return [text.encode()]


def stream(kind, start_response):
    start_response("200 OK", [])
    try:
        yield b"one"
        get_stuck(kind)
    finally:
        print("closed", flush=True)


def empty(kind, start_response):
    start_response("200 OK", [])
    yield b"one"
    try:
        while True:
            time.sleep(0.01)
            yield b""
    finally:
        print("closed", flush=True)


def swallow(kind, start_response):
    try:
        get_stuck(kind)
    except RequestTimeout as error:
        print(f"swallowed: {error}", flush=True)
    start_response("200 OK", [])
    return [b"swallowed"]


class close(list):
    def __init__(self, kind, start_response):
        super().__init__([b"done"])
        self.kind = kind
        start_response("200 OK", [("Content-Length", "4")])

    def close(self):
        get_stuck(self.kind)


WAYS = {"ok": ok, "stream": stream, "empty": empty, "swallow": swallow, "close": close}
