"""Starts a process that outlives it and has its streams."""

import subprocess

print("child", subprocess.Popen(["sleep", "600"]).pid)


def application(environ, start_response):
    start_response("200 OK", [])
    return [b"hello"]
