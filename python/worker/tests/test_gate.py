"""RequestTimeout comes at any step of the application's, in the request that it is for, and nowhere else."""

from __future__ import annotations

import sys
import threading
import time
import unittest
from typing import Any
from unittest import mock

from forebay import RequestTimeout
from forebay.gate import AGAIN, LATER, NOBODY, RAISED, Gate

from .process import DEADLINE


def spin(steps: int = 1000) -> None:
    for _ in range(steps):
        pass


class TestProtocol(unittest.TestCase):
    """What is asked of PyThreadState_SetAsyncExc, which does nothing here."""

    def setUp(self) -> None:
        self.asked: list[Any] = []
        self.gate = Gate()
        self.gate.thread = 4711
        self.gate.set_async_exc = self.set_async_exc

    def set_async_exc(self, thread: int, exception: type | None) -> int:
        self.assertEqual(thread, 4711)
        self.asked.append(exception)
        return 1

    def test_inside(self) -> None:
        self.gate.enter(7)
        self.assertEqual(self.gate.interrupt(7), RAISED)
        self.assertEqual(self.gate.interrupt(7), AGAIN)
        self.gate.leave(7)
        self.assertEqual(self.asked, [RequestTimeout, None], "what may not have been raised yet is taken back")
        self.gate.enter(8)
        self.gate.leave(8)
        self.assertEqual(self.asked, [RequestTimeout, None])

    def test_outside(self) -> None:
        self.gate.enter(7)
        self.gate.leave(7)
        self.assertEqual(self.gate.interrupt(7), LATER)
        with self.assertRaises(RequestTimeout):
            self.gate.enter(7)
        self.assertEqual(self.gate.inside, NOBODY)
        self.assertNotIn(RequestTimeout, self.asked, "the thread has raised it by itself")

    def test_before_the_request_is_begun(self) -> None:
        self.gate.enter(7)
        self.assertEqual(self.gate.interrupt(8), LATER)
        self.gate.leave(7)
        with self.assertRaises(RequestTimeout):
            self.gate.enter(8)

    def test_after_the_request_is_over(self) -> None:
        self.gate.enter(7)
        self.gate.leave(7)
        self.gate.enter(8)
        self.assertEqual(self.gate.interrupt(7), LATER)
        self.gate.leave(8)
        self.assertEqual(self.asked, [])

    def test_leaving_waits_for_the_main_thread(self) -> None:
        """It has seen that the thread is inside, and has not asked for the exception yet."""
        asking, go_on = threading.Event(), threading.Event()

        def slow(thread: int, exception: type | None) -> int:
            if exception is not None:
                asking.set()
                go_on.wait(DEADLINE)
            return self.set_async_exc(thread, exception)

        self.gate.set_async_exc = slow
        self.gate.enter(7)
        main = threading.Thread(target=self.gate.interrupt, args=(7,))
        main.start()
        self.assertTrue(asking.wait(DEADLINE))
        left = threading.Thread(target=self.gate.leave, args=(7,))
        left.start()
        left.join(0.05)
        self.assertTrue(left.is_alive())
        go_on.set()
        for thread in (main, left):
            thread.join(DEADLINE)
        self.assertEqual(self.asked, [RequestTimeout, None])

    def test_failure_of_the_interpreter_does_not_keep_the_thread(self) -> None:
        self.gate.set_async_exc = mock.Mock(side_effect=[ValueError, 0])
        self.gate.enter(7)
        self.assertRaises(ValueError, self.gate.interrupt, 7)
        self.gate.leave(7)

    def test_without_ctypes(self) -> None:
        self.gate.set_async_exc = None
        self.gate.enter(7)
        with mock.patch.dict(sys.modules, {"ctypes": None}):
            outcome = self.gate.interrupt(7)
        self.assertRegex(outcome, "^not raised: ModuleNotFoundError: .*ctypes")
        self.gate.leave(7)
        with self.assertRaises(RequestTimeout):  # a stream between two chunks needs no ctypes
            self.gate.enter(7)


class TestRaising(unittest.TestCase):
    """The real thing, in this thread: what is raised comes at its next step."""

    def setUp(self) -> None:
        self.gate = Gate()
        self.gate.thread = threading.get_ident()

    def test_raises(self) -> None:
        self.gate.enter(7)
        with self.assertRaisesRegex(RequestTimeout, "^the request has run for longer than timeout allows$"):
            self.gate.interrupt(7)
            spin()
        self.gate.leave(7)
        spin()

    def test_passes_by_what_catches_exceptions(self) -> None:
        self.gate.enter(7)
        with self.assertRaises(RequestTimeout):
            try:
                self.gate.interrupt(7)
                spin()
            except Exception:
                self.fail("it is no Exception")


class TestRace(unittest.TestCase):
    """A thread that enters and leaves, and a main thread that interrupts it at any moment."""

    RAISED = 500

    def test_nothing_comes_after_leaving(self) -> None:
        self.addCleanup(sys.setswitchinterval, sys.getswitchinterval())
        sys.setswitchinterval(1e-5)
        self.gate, self.request, self.raised = Gate(), 0, 0
        self.stray: list[str] = []
        thread = threading.Thread(target=self.enter_and_leave)
        thread.start()
        outcomes: set[str] = set()
        while thread.is_alive():
            outcomes.add(self.gate.interrupt(self.request))
            time.sleep(0)
        self.assertEqual(self.stray, [])
        self.assertIn(RAISED, outcomes)
        self.assertLessEqual(outcomes, {RAISED, LATER, AGAIN}, "which of the others there are is chance")

    def enter_and_leave(self) -> None:
        self.gate.thread = threading.get_ident()
        end = time.monotonic() + DEADLINE
        try:
            while self.raised < self.RAISED and time.monotonic() < end:
                self.request += 1
                self.once(self.request)
                spin(50)  # here nothing may come
        except BaseException as error:
            self.stray.append(repr(error))

    def once(self, request: int) -> None:
        """Leaves as respond does."""
        gate = self.gate
        try:
            try:
                gate.enter(request)
                spin(50)
                gate.leave(request)
            except RequestTimeout:
                gate.leave(request)
                self.raised += 1
        except RequestTimeout:
            gate.leave(request)
            self.raised += 1


if __name__ == "__main__":
    unittest.main()
