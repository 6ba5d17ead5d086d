"""Says which release it is and which process; each POST is noted in the file JOURNAL. The module release is the test's."""

import os
import time

from release import RELEASE

JOURNAL = os.open(os.environ["JOURNAL"], os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)


def application(environ, start_response):
    body = environ["wsgi.input"].read()
    if environ["REQUEST_METHOD"] == "POST":
        os.write(JOURNAL, body + b"\n")
    if environ["PATH_INFO"] == "/slow":
        time.sleep(0.02)
    start_response("200 OK", [("X-Release", RELEASE), ("X-Pid", str(os.getpid()))])
    return [b"done ", body]
