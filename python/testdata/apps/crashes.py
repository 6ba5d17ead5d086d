"""Does to its worker what the path names. /ok is answered."""

import ctypes
import os
import signal
import sys
import threading


def segfault():
    ctypes.string_at(0)


class Digger:
    def __repr__(self):
        return ctypes.pythonapi.PyObject_Repr(ctypes.py_object(self))


def overflow():
    """Recursion through C, which is deeper than the stack before it is deeper than Python allows."""
    sys.setrecursionlimit(1 << 30)
    threading.stack_size(256 << 10)
    thread = threading.Thread(target=repr, args=(Digger(),))
    thread.start()
    thread.join()


def memory():
    hoard = []
    while True:
        hoard.append(bytearray(b"x" * (16 << 20)))


def application(environ, start_response):
    name = environ["PATH_INFO"][1:]
    if name in FAULTS:
        FAULTS[name]()
    start_response("200 OK", [])
    return [b"ok"]


FAULTS = {
    "exit": lambda: os._exit(7),
    "segfault": segfault,
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "abort": os.abort,
    "overflow": overflow,
    "memory": memory,
    "sysexit": lambda: sys.exit("no more"),
    "closerange": lambda: os.closerange(3, 1000),
}
