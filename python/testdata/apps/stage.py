"""Does what a test says: each request connects to the socket STAGE, tells who it is, and obeys line by line.

Paths below /echo/ are answered at once. One that begins with /stream/ is an iterable, and waits for a line in close(), too.
"""

import os
import socket


def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path.startswith("/echo/"):
        start_response("200 OK", [])
        return [path.encode("latin-1")]
    stage = socket.socket(socket.AF_UNIX)
    stage.connect(os.environ["STAGE"])
    lines = stage.makefile("rw", encoding="utf-8")
    say(lines, f"{os.getpid()} {environ['REQUEST_METHOD']} {path}")
    if path.startswith("/stream/"):
        start_response("200 OK", [])
        return Stream(stage, lines)
    with stage, lines:
        word, _, text = lines.readline().rstrip("\n").partition(" ")
        if word == "raise":
            raise RuntimeError(text)
        start_response("200 OK", [])
        return [text.encode()]


class Stream:
    def __init__(self, stage, lines):
        self.stage, self.lines = stage, lines

    def __iter__(self):
        return self

    def __next__(self):
        word, _, text = self.lines.readline().rstrip("\n").partition(" ")
        if word == "raise":
            raise RuntimeError(text)
        if word == "chunk":
            return text.encode()
        raise StopIteration

    def close(self):
        with self.stage, self.lines:
            say(self.lines, "closing")
            self.lines.readline()


def say(lines, text):
    lines.write(text + "\n")
    lines.flush()
