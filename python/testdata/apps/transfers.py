"""Takes and gives much: /take answers with a digest of the body and with how much memory the process has used at most,
/give?N with N MiB that are made piece by piece, /whole?N with N bytes in one, /pieces?N with the same in three, /unknown?N
without Content-Length, /quiet with a stream that says one thing and then nothing."""

import hashlib
import threading

LEFT = threading.Event()


def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path in ("/whole", "/pieces", "/unknown"):
        size = int(environ["QUERY_STRING"])
        length = [] if path == "/unknown" else [("Content-Length", str(size))]
        start_response("200 OK", [("Content-Type", "text/plain"), *length])
        body = (b"%07d\n" * (size // 8 + 1) % tuple(range(size // 8 + 1)))[:size]
        return [body] if path == "/whole" else iter([body[:100], body[100 : size // 2], body[size // 2 :]])
    start_response("200 OK", [("Content-Type", "text/plain")])
    if path == "/take":
        return [take(environ["wsgi.input"])]
    if path == "/give":
        return give(int(environ["QUERY_STRING"]))
    if path == "/quiet":
        return Quiet()
    if path == "/left":
        return [b"yes" if LEFT.wait(10) else b"no"]
    return [b"fine"]


def take(body):
    digest, size = hashlib.sha256(), 0
    for piece in iter(lambda: body.read(65536), b""):
        digest.update(piece)
        size += len(piece)
    with open("/proc/self/status") as status:
        peak = next(line.split()[1] for line in status if line.startswith("VmHWM"))
    return f"{digest.hexdigest()} {size} {peak}".encode()


def give(mebibytes):
    piece = b"0123456789abcdef" * 4096
    for _ in range(mebibytes * 16):
        yield piece


class Quiet:
    """A stream that waits for nothing but its client, as many a message queue's does."""

    def __init__(self):
        self.closed = threading.Event()
        self.first = True

    def __iter__(self):
        return self

    def __next__(self):
        if self.first:
            self.first = False
            return b"first\n"
        while not self.closed.wait(0.05):
            return b""
        raise StopIteration

    def close(self):
        LEFT.set()
