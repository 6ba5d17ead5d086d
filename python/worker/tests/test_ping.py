"""How long a worker takes to answer, which the master measures."""

from __future__ import annotations

from forebay import frame

from .process import ProcessCase

APP = """
def app(environ, start_response):
    start_response("200 OK", [])
    return [b"hello"]
"""


class TestPing(ProcessCase):
    def test_each_is_answered(self) -> None:
        worker = self.started(APP)
        for _ in range(3):
            worker.control.sendall(frame.HEAD.pack(0, frame.PING, 0))
            answer = frame.read(worker.control)
            assert answer is not None
            self.assertEqual((answer[0], answer[1], bytes(answer[2])), (frame.PONG, 0, b""))
