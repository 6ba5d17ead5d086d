"""Calls an application without any server: with environs that are there already, again and again. This is the limit of what
a server could do with it. Reads what to do from stdin and writes what came of it to stdout, both as JSON:

    {"dir", "app", "requests": [{"method", "path", "body"}]}                  the answer to each request, in base64
    {…, "processes", "threads", "warmup", "seconds"}                          calls, CPU time and memory of each process
"""

import base64
import importlib
import io
import json
import os
import resource
import sys
import threading
import time


def environ(request):
    body = request["body"].encode()
    return {
        "REQUEST_METHOD": request["method"], "SCRIPT_NAME": "", "PATH_INFO": request["path"], "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "8000", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": "40000", "HTTP_HOST": "127.0.0.1:8000", "CONTENT_LENGTH": str(len(body)) if body else "",
        "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": body, "wsgi.errors": sys.stderr,
        "wsgi.multithread": True, "wsgi.multiprocess": True, "wsgi.run_once": False,
    }


def start_response(status, fields, exc_info=None):
    return ignore


def ignore(data):
    pass


def call(application, ready):
    """An application may change its environ and read its input, so each call has its own."""
    own = dict(ready)
    own["wsgi.input"] = io.BytesIO(own["wsgi.input"])
    result = application(own, start_response)
    try:
        return b"".join(result)
    finally:
        if hasattr(result, "close"):
            result.close()


def answers(application, environs):
    return [base64.b64encode(call(application, ready)).decode() for ready in environs]


def pss():
    with open("/proc/self/smaps_rollup") as lines:
        for line in lines:
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
    return 0


class Meter:
    """What this process has used up to now."""

    def __init__(self):
        usage = resource.getrusage(resource.RUSAGE_SELF)
        self.time = time.perf_counter()
        self.cpu = time.process_time()
        self.switches = usage.ru_nvcsw + usage.ru_nivcsw


def measure(application, environs, threads, warmup, seconds):
    """Calls the application in some threads, and counts what comes after the warm-up."""
    counts = [0] * threads
    end = time.perf_counter() + warmup + seconds

    def work(number):
        while True:
            for ready in environs:
                call(application, ready)
                counts[number] += 1
                if time.perf_counter() > end:
                    return

    workers = [threading.Thread(target=work, args=(i,)) for i in range(threads)]
    for worker in workers:
        worker.start()
    time.sleep(warmup)
    before, early = sum(counts), Meter()
    time.sleep(max(0, end - time.perf_counter()))
    calls, late = sum(counts) - before, Meter()
    for worker in workers:
        worker.join()
    return {
        "calls": calls, "elapsed": late.time - early.time, "cpu": late.cpu - early.cpu,
        "context_switches": late.switches - early.switches, "pss_bytes": pss(),
    }


def fork(work):
    """Runs work in a process of its own and returns a file from which its result is read."""
    reading, writing = os.pipe()
    if os.fork():
        os.close(writing)
        return os.fdopen(reading)
    code = 1
    try:
        with os.fdopen(writing, "w") as out:
            json.dump(work(), out)
        code = 0
    finally:
        os._exit(code)


def main():
    todo = json.load(sys.stdin)
    sys.path.insert(0, todo["dir"])
    module, name = todo["app"].split(":")
    application = getattr(importlib.import_module(module), name)
    environs = [environ(request) for request in todo["requests"]]
    if not todo.get("seconds"):
        json.dump(answers(application, environs), sys.stdout)
        return
    results = [
        fork(lambda: measure(application, environs, todo["threads"], todo["warmup"], todo["seconds"]))
        for _ in range(todo["processes"])
    ]
    json.dump([json.load(result) for result in results], sys.stdout)


if __name__ == "__main__":
    main()
