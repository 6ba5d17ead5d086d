"""Writes the file MARK when its process ends in good order."""

import atexit
import os
from pathlib import Path

atexit.register(lambda: Path(os.environ["MARK"]).write_text("done", "utf-8"))


def application(environ, start_response):
    start_response("200 OK", [])
    return [b"hello"]
