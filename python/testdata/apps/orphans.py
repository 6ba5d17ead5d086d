"""Each request leaves a process behind that has lost its parent, and that ends when the file GATE can be read."""

import os
import subprocess


def application(environ, start_response):
    script = '(read x <"$GATE"; exit 9) >/dev/null 2>&1 </dev/null & echo $!'
    out = subprocess.run(["/bin/sh", "-c", script], env=os.environ, stdout=subprocess.PIPE, check=True).stdout
    start_response("200 OK", [])
    return [out]
