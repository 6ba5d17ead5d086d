"""Takes as many milliseconds as the path says, /KIND/MILLISECONDS/NAME, and answers with the path in the way of KIND."""

import time


def application(environ, start_response):
    path = environ["PATH_INFO"]
    _, kind, duration, _ = path.split("/")
    return KINDS[kind](path.encode(), int(duration) / 1000, start_response)


def work(duration):
    end = time.monotonic() + duration
    while time.monotonic() < end:
        time.sleep(0.0005)


def whole(body, duration, start_response):
    work(duration)
    start_response("200 OK", [])
    return [body]


def stream(body, duration, start_response):
    start_response("200 OK", [])
    yield body[:1]
    work(duration)
    yield body[1:]


def write(body, duration, start_response):
    work(duration)
    write = start_response("200 OK", [])
    for i in range(len(body)):
        write(body[i : i + 1])
    return []


class closes(list):
    def __init__(self, body, duration, start_response):
        super().__init__([body])
        self.duration = duration
        start_response("200 OK", [("Content-Length", str(len(body)))])

    def close(self):
        work(self.duration)


KINDS = {"whole": whole, "stream": stream, "write": write, "closes": closes}
