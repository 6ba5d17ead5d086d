"""What forebay's worker adds to an application: one thread of it serves requests from a file, and answers to nobody, in turns
with the application called in a loop. Nothing else runs meanwhile, no server and no client, so this is the worker's own cost
without what it costs to share processors and caches with them.

    python bench/apps/worker.py flasks:application /users/7 20000

Each line has the microseconds of CPU time for a request, and the first divided by the second. The median is the last line.
"""

import importlib
import importlib.machinery
import importlib.util
import os
import platform
import socket
import statistics
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NATIVE = {"x86_64": "linux_amd64", "aarch64": "linux_arm64"}
ROUNDS = 5


def load_native():
    """Gives the worker its native code, if that was built for this machine, and says whether it was."""
    path = os.path.join(ROOT, "python", "native", "lib", NATIVE.get(platform.machine(), ""), "native.so")
    if not os.path.exists(path):
        return False
    loader = importlib.machinery.ExtensionFileLoader("forebay._native", path)
    spec = importlib.util.spec_from_file_location("forebay._native", path, loader=loader)
    sys.modules["forebay._native"] = importlib.util.module_from_spec(spec)
    loader.exec_module(sys.modules["forebay._native"])
    return True


def call_all(call, application, environ, calls):
    for _ in range(calls):
        call(application, environ)


def cost(calls, work, *args):
    """Returns the CPU time of a thread that does the work, for each call in microseconds."""
    took = []

    def run():
        begun = time.thread_time()
        work(*args)
        took.append(time.thread_time() - begun)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return took[0] / calls * 1e6


def main():
    app, path, calls = sys.argv[1], sys.argv[2], int(sys.argv[3])
    sys.path[:0] = [os.path.join(ROOT, "python", "worker")]
    print("with native code" if load_native() else "without native code")
    bare = importlib.import_module("bare")
    loop, slots, frame = (importlib.import_module("forebay." + name) for name in ("loop", "slot", "frame"))
    module, name = app.split(":")
    application = getattr(importlib.import_module(module), name)
    constant = importlib.import_module("forebay.environ").base({"SCRIPT_NAME": ""}, 1)
    plain = bare.environ({"method": "GET", "path": path, "body": ""})
    sent = {key: value for key, value in plain.items() if isinstance(value, str)}
    ready = {**sent, **constant, "wsgi.input": b""}
    ratios = []
    with tempfile.TemporaryFile() as requests:
        requests.write(frame.encode(frame.REQUEST, 0, (sent, b"")) * calls)
        requests.flush()
        for _ in range(ROUNDS):
            requests.seek(0)
            files, theirs = socket.socketpair()
            slot = slots.Slot(os.dup(requests.fileno()), os.open(os.devnull, os.O_WRONLY), files)
            served = cost(calls, loop.serve, slot, application, constant)
            called = cost(calls, call_all, bare.call, application, ready, calls)
            theirs.close()
            if slot.begun[0] != calls:
                sys.exit(f"{slot.begun[0]} of {calls} requests were served")
            ratios.append(served / called)
            print(f"worker {served:.1f}  bare {called:.1f}  {ratios[-1]:.3f}")
    print(f"{statistics.median(ratios):.3f}")


if __name__ == "__main__":
    main()
