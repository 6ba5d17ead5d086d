"""Does what a test says: each request connects to the socket STAGE, tells who it is, and obeys line by line.

Some paths are obeyed at once: below /echo/ the answer is the path, and below /size/N/ it is that and N bytes more, below
/pieces/N/ in pieces. /stop/ stops the whole process, /die/ kills it, and /die-once/ does so the first time. /gil/N/ keeps
the GIL for N steps. One that begins with /stream/ is an iterable, and waits for a line in close(), too.

What is run is noted in the file STAGE.runs: the process, the thread, the method and the path.
"""

import os
import signal
import socket
import threading

RUNS = os.open(os.environ["STAGE"] + ".runs", os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)


def application(environ, start_response):
    path = environ["PATH_INFO"]
    note = f"{os.getpid()} {threading.get_ident()} {environ['REQUEST_METHOD']} {path}\n"
    os.write(RUNS, note.encode("latin-1"))
    word, _, rest = path[1:].partition("/")
    if word in AT_ONCE:
        body = AT_ONCE[word](path.encode("latin-1") + environ["wsgi.input"].read(), rest.partition("/")[0])
        start_response("200 OK", [])
        return body
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


def pieces(text, count):
    yield text
    for start in range(0, int(count), 10_000):
        yield b"x" * min(10_000, int(count) - start)


def send(number):
    signal.pthread_kill(threading.get_ident(), number)  # has its effect before this returns
    return []


def die_once(text, name):
    try:
        os.close(os.open(f"{os.environ['STAGE']}.{name}", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return [text]
    return send(signal.SIGKILL)


AT_ONCE = {
    "echo": lambda text, _: [text],
    "size": lambda text, count: [text, b"x" * int(count)],
    "pieces": pieces,
    "stop": lambda text, _: [text, *send(signal.SIGSTOP)],
    "die": lambda text, _: send(signal.SIGKILL),
    "die-once": die_once,
    "gil": lambda text, count: [text, b"x" * (sum(range(int(count))) % 2)],
}


def say(lines, text):
    lines.write(text + "\n")
    lines.flush()
