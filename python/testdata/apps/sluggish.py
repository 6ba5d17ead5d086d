"""stage, in a worker that is slow where no application could make it so.

A thread that has answered a request for /deaf/ does not read its next one, as if others kept the GIL, and after a request
for /mute/ the next recall is not obeyed, before the test says so on a stage: to "asleep", and to "asked".
"""

import os
import socket
import threading

from forebay import frame, loop
from stage import application as stage

deaf = threading.local()
mute = threading.Event()
read, recall = frame.Reader.read, loop._recall


def application(environ, start_response):
    deaf.next = environ["PATH_INFO"].startswith("/deaf/")
    if environ["PATH_INFO"].startswith("/mute/"):
        mute.set()
    return stage(environ, start_response)


def await_cue(name):
    with socket.socket(socket.AF_UNIX) as cue:
        cue.connect(os.environ["STAGE"])
        cue.sendall(f"{os.getpid()} - {name}\n".encode())
        cue.recv(1)


def read_when_told(reader):
    if getattr(deaf, "next", False):
        deaf.next = False
        await_cue("asleep")
    return read(reader)


def recall_when_told(*args):
    if mute.is_set():
        mute.clear()
        await_cue("asked")
    recall(*args)


frame.Reader.read, loop._recall = read_when_told, recall_when_told
