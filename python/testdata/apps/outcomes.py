"""Ends each request as its path says: /status/N with that status, /raise, /cut within the body, /die with its worker, /late
only when it is interrupted, /hold when the test closes the socket STAGE that it has connected to."""

import os
import signal
import socket
import time


def application(environ, start_response):
    word, _, rest = environ["PATH_INFO"][1:].partition("/")
    return OUTCOMES[word](rest, start_response)


def status(number, start_response):
    start_response(f"{number} Said So", [("Content-Type", "text/plain")])
    return [b"" if number in ("204", "304") else number.encode()]


def cut(_, start_response):
    start_response("200 OK", [("Content-Length", "1000")])
    yield b"this is not all"


def fail(*_):
    raise RuntimeError("as the path says")


def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def late(*_):
    while True:
        time.sleep(0.01)


def hold(_, start_response):
    with socket.socket(socket.AF_UNIX) as stage:
        stage.connect(os.environ["STAGE"])
        stage.recv(1)
    return status("200", start_response)


OUTCOMES = {"status": status, "cut": cut, "raise": fail, "die": die, "late": late, "hold": hold}
