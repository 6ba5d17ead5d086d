"""Says what a request was worth, and waits where it is told to: the query string has cost=N, and stage=1."""

import os
import socket


def application(environ, start_response):
    asked = dict(pair.split("=") for pair in environ["QUERY_STRING"].split("&") if pair)
    if "stage" in asked:
        with socket.socket(socket.AF_UNIX) as stage:
            stage.connect(os.environ["STAGE"])
            stage.sendall(b"%d here\n" % os.getpid())
            stage.recv(1)
    headers = [("Content-Type", "text/plain")]
    if "cost" in asked:
        headers.append(("X-Cost", asked["cost"]))
    start_response("200 OK", headers)
    return [environ["REMOTE_ADDR"].encode()]
