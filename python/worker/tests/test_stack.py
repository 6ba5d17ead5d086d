"""Where all threads of a worker are, for whoever asks."""

from __future__ import annotations

import itertools
import threading
import time
import unittest
from typing import Any

from forebay import frame, stack

from .process import DEADLINE, ProcessCase, Worker

APP = """
import threading, time

def poll():
    threading.Event().wait()

threading.Thread(target=poll, name="p\\udce4ller", daemon=True).start()

def deep(n):
    time.sleep(1000) if n == 0 else deep(n - 1)

def app(environ, start_response):
    if environ["PATH_INFO"] == "/deep":
        deep(500)
    if environ["PATH_INFO"] == "/nap":
        nap()
    start_response("200 OK", [])
    return [b"hello"]

def nap():
    time.sleep(1000)
"""


class TestStacks(ProcessCase):
    def stacks(self, worker: Worker) -> Any:
        worker.control.sendall(frame.HEAD.pack(0, frame.STACK, 0))
        kind, _, value = worker.answer(worker.control)
        self.assertEqual(kind, frame.STACKS)
        return value

    def until(self, worker: Worker, where: str) -> Any:
        """Returns the stacks when the first thread is in a function."""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            stacks = self.stacks(worker)
            if f", in {where}\n" in stacks[0][2]:
                return stacks
        self.fail(f"it is not in {where}")

    def test_idle_threads_and_the_application_s_own(self) -> None:
        first, second, other = self.stacks(self.started(APP, threads=2))
        self.assertEqual((first, second), ((0, "forebay-0", ""), (1, "forebay-1", "")))
        self.assertEqual(other[:2], (-1, "p\\udce4ller"))
        self.assertRegex(other[2], r'\A  File ".*/shop\.py", line \d+, in poll\n    threading\.Event\(\)\.wait\(\)\n')

    def test_busy_thread(self) -> None:
        worker = self.started(APP, threads=2)
        worker.send(PATH_INFO="/nap")
        first, second, _ = self.until(worker, "nap")
        self.assertRegex(first[2], r'\A  File ".*/shop\.py", line \d+, in app\n    nap\(\)\n')
        self.assertEqual(second[2], "")
        self.assertEqual(worker.ask(1)[2][2], b"hello", "the worker goes on")

    def test_deep_stack_has_its_end(self) -> None:
        worker = self.started(APP)
        worker.send(PATH_INFO="/deep")
        text = self.until(worker, "deep")[0][2]
        while "sleep" not in text.splitlines()[-1] + text.splitlines()[-2]:
            text = self.until(worker, "deep")[0][2]
        self.assertRegex(text, r"\A  \.\.\. \d+ calls left out \.\.\.\n")


class TestBounds(unittest.TestCase):
    def test_many_threads_fit_into_a_frame(self) -> None:
        over, begun = threading.Event(), threading.Barrier(151)
        text = "def f(n):\n    f(n - 1) if n else (begun.wait(), over.wait())\n"
        code = compile(text, "\U0001f40d" * 1000, "exec")
        names: dict[str, Any] = {"begun": begun, "over": over, "__name__": "shop"}
        exec(code, names)
        threads = [threading.Thread(target=names["f"], args=(50,), name="n" * 1000) for _ in range(150)]
        for thread in threads:
            thread.start()
        try:
            begun.wait(DEADLINE)
            found = stack.stacks([thread.ident or 0 for thread in threads[:20]])
        finally:
            over.set()
            for thread in threads:
                thread.join(DEADLINE)
        self.assertEqual([slot for slot, *_ in found], [*range(20), *itertools.repeat(-1, stack.OTHERS)])
        self.assertLess(len(frame.encode(frame.STACKS, 0, found)), frame.MAX_PAYLOAD)
        self.assertTrue(all(text.startswith("  ...\n") for *_, text in found[:20]))


if __name__ == "__main__":
    unittest.main()
