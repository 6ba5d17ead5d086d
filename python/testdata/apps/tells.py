"""Tells what its process is."""

import json
import os
import sys


def application(environ, start_response):
    umask = os.umask(0)
    os.umask(umask)
    start_response("200 OK", [("Content-Type", "application/json")])
    facts = {
        "cwd": os.getcwd(), "umask": umask, "uid": os.getuid(), "groups": os.getgroups(), "pid": os.getpid(),
        "word": os.environ.get("WORD"), "path": sys.path,
    }
    return [json.dumps(facts).encode()]
