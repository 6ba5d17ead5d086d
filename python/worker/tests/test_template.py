"""The template: what it says, whom it forks, and what its workers are."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import struct
import sys

from forebay import frame

from .forked import Forked, Template, TemplateCase
from .process import DEADLINE, Worker
from .test_process import EVALUATING

PREPARED = "import gc, random, weakref, _thread\nimported_in = __import__('os').getpid()\n" + EVALUATING

# Keeps the GIL for ever. A worker that a signal does not end would be an orphan.
STUCK = """
import ctypes, os
def app(environ, start_response):
    os.write(1, b"stuck")
    ctypes.PyDLL(None).sleep(1000)
"""


class TestTemplate(TemplateCase):
    def test_ready_says_what_runs_and_that_no_thread_is_lost(self) -> None:
        template, ready = self.template(PREPARED)
        self.assertEqual(ready["pid"], template.process.pid)
        self.assertEqual(ready["executable"], sys.executable)
        self.assertEqual(ready["strays"], [])
        self.assertNotIn("threads", ready)

    def test_threads_that_the_application_has_started_are_named(self) -> None:
        _, ready = self.template(
            "import os, threading, _thread\n"
            "threading.Thread(target=threading.Event().wait, name='poller', daemon=True).start()\n"
            "named, ends = threading.Lock(), threading.Lock()\n"
            "def native():\n"
            "    with open(f'/proc/self/task/{_thread.get_native_id()}/comm', 'w') as comm: comm.write('rdk:main')\n"
            "    named.release()\n"
            "    ends.acquire()\n"
            "def unnamed():\n"
            "    named.release()\n"
            "    ends.acquire()\n"
            "ends.acquire()\n"
            "for function in (native, unnamed):\n"
            "    named.acquire()\n"
            "    _thread.start_new_thread(function, ())\n"
            "    named.acquire(); named.release()\n"
            "def app(environ, start_response): pass\n"
        )
        self.assertEqual(ready["strays"], ["poller", "rdk:main"])

    def test_failed_import(self) -> None:
        self.module("shop", "raise RuntimeError('no database')\n")
        template = Template(self)
        kind, (text,) = template.boot("shop:app", [self.directory], template=True)
        self.assertEqual(kind, frame.FAILED)
        self.assertTrue(text.endswith("RuntimeError: no database\n"), text)
        self.assertEqual(template.wait()[0], 3)

    def test_python_without_the_gil_is_refused(self) -> None:
        self.module("shop", "import sys\nsys._is_gil_enabled = lambda: False\ndef app(environ, start_response): pass\n")
        template = Template(self)
        kind, (text,) = template.boot("shop:app", [self.directory], template=True)
        self.assertEqual(kind, frame.FAILED)
        self.assertIn("preload", text)
        self.assertIn("PYTHON_GIL=1", text)
        self.assertNotIn("Traceback", text)

    def test_end_of_the_control_stream_ends_it_and_no_worker(self) -> None:
        template, _ = self.template(PREPARED)
        worker = self.forked(template)
        template.control.close()
        self.assertEqual(template.wait(), (0, "", ""))
        self.assert_serves(worker)

    def test_master_that_goes_while_it_forks_is_no_fault(self) -> None:
        template, _ = self.template(PREPARED)
        Forked(self).send_to(template)
        template.control.close()
        self.assertEqual(template.wait(), (0, "", ""))

    def test_master_that_goes_without_having_listened_is_no_fault(self) -> None:
        template, _ = self.template(PREPARED)
        Forked(self).send_to(template)
        select.select([template.control], [], [], DEADLINE)
        template.control.close()
        self.assertEqual(template.wait(), (0, "", ""))

    def test_more_descriptors_than_it_may_have_end_it(self) -> None:
        template, _ = self.template(
            "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (8, 8))\ndef app(environ, start_response): pass\n"
        )
        with contextlib.suppress(BrokenPipeError):  # it may have ended before all of them were sent
            Forked(self, threads=8).send_to(template)
        status, _, err = template.wait()
        self.assertEqual(status, 1)
        self.assertRegex(err, r"\d of 30 descriptors came")

    def test_its_death_does_not_touch_its_workers(self) -> None:
        template, _ = self.template(PREPARED)
        worker = self.forked(template)
        template.process.kill()
        template.wait()
        self.assert_serves(worker)

    def test_name(self) -> None:
        template, _ = self.template(PREPARED, name="shop")
        worker = self.forked(template, name="shop")
        self.assertEqual([self.comm(template.process.pid), self.comm(worker.pid)], ["shop-template", "shop"])

    def comm(self, pid: int) -> str:
        with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
            return file.read().strip()

    def test_nonsense_ends_it(self) -> None:
        template, _ = self.template(PREPARED)
        template.drain()
        status, _, err = template.wait()
        self.assertEqual(status, 1)
        self.assertIn("frame of kind 34 in place of FORK", err)

    def test_descriptors_that_do_not_come_end_it(self) -> None:
        template, _ = self.template(PREPARED)
        Forked(self).send_to(template, short=2)
        template.control.sendall(b"\0")  # without any
        status, _, err = template.wait()
        self.assertEqual(status, 1)
        self.assertIn("7 of 9 descriptors came", err)

    def assert_serves(self, worker: Worker) -> None:
        self.assertEqual(worker.ask(QUERY_STRING="'alive'")[2][2], b"alive")


class TestFork(TemplateCase):
    def evaluate(self, worker: Worker, expression: str, slot: int = 0) -> str:
        body: bytes = worker.ask(slot, QUERY_STRING=expression)[2][2]
        return body.decode()

    def test_workers_have_what_the_template_has_imported(self) -> None:
        template, _ = self.template("print('imported')\n" + PREPARED)
        workers = [self.forked(template, threads=2) for _ in range(2)]
        for worker in workers:
            self.assertEqual(self.evaluate(worker, "imported_in"), str(template.process.pid))
            self.assertEqual(self.evaluate(worker, "(os.getpid(), sys.argv)", slot=1), repr((worker.pid, ["shop:app"])))
        assert template.process.stdout is not None
        self.assertEqual(template.process.stdout.readline(), b"imported\n")

    def test_a_worker_is_the_masters_child_in_a_group_of_its_own(self) -> None:
        template, _ = self.template(PREPARED)
        worker = self.forked(template)
        self.assertEqual(self.evaluate(worker, "(os.getppid(), os.getpgrp())"), repr((os.getpid(), worker.pid)))
        self.assertEqual(self.children(template.process.pid), "")

    def children(self, pid: int) -> str:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as file:
            return file.read()

    def test_ready_is_that_of_every_worker(self) -> None:
        template, _ = self.template(PREPARED)
        worker = template.fork(self, threads=2)
        _, _, ready = worker.answer(worker.control)
        self.assertEqual(ready["pid"], worker.pid)
        self.assertEqual(len(set(ready["threads"]) - {worker.pid}), 2)
        self.assertNotIn("strays", ready)

    def test_each_says_what_the_master_says_of_it(self) -> None:
        template, _ = self.template(PREPARED)
        for number in (1, 2):
            worker = self.forked(template, environ={"SCRIPT_NAME": "/shop", "forebay.worker": number})
            self.assertEqual(self.evaluate(worker, "environ['forebay.worker']"), str(number))

    def test_memory_is_frozen_and_garbage_is_not(self) -> None:
        template, _ = self.template(
            PREPARED + "class Node: pass\nnode = Node()\nnode.self = node\nold = weakref.ref(node)\ndel node\n"
        )
        worker = self.forked(template)
        found = self.evaluate(worker, "(gc.isenabled(), gc.get_freeze_count() > 1000, old())")
        self.assertEqual(found, "(True, True, None)")

    def test_chance_differs(self) -> None:
        template, _ = self.template(PREPARED)
        found = {self.evaluate(self.forked(template), "random.random()") for _ in range(3)}
        self.assertEqual(len(found), 3)

    def test_output_is_the_workers_own(self) -> None:
        template, _ = self.template("import sys\nsys.stdout.write('half a line')\n" + PREPARED)
        worker = self.forked(template)
        self.evaluate(worker, "print('out', file=sys.stdout) or print('err', file=sys.stderr)")
        worker.drain()
        self.assertEqual(worker.wait(), (0, "out\n", "err\n"))
        template.control.close()
        self.assertEqual(template.wait(), (0, "half a line", ""))

    def test_stack_goes_to_its_pipe(self) -> None:
        template, _ = self.template(PREPARED)
        worker = template.fork(self)
        _, _, ready = worker.answer(worker.control)
        self.assertEqual(ready["dump_signal"], signal.SIGRTMAX - 2)

    def test_what_it_has_begun_is_seen_by_the_master(self) -> None:
        template, _ = self.template(PREPARED)
        worker = self.forked(template, threads=2)
        for _ in range(3):
            self.evaluate(worker, "1", slot=1)
        self.assertEqual(struct.unpack("II", worker.begun[:]), (0, 3))

    def test_nobody_else_holds_the_sockets(self) -> None:
        template, _ = self.template(PREPARED)
        first, second = self.forked(template), self.forked(template)
        first.kill()
        for sock in (first.control, *first.slots):
            self.assertEqual(sock.recv(1), b"")
        self.assertEqual(os.read(first.out, 1), b"")
        self.assertEqual(self.evaluate(second, "'alive'"), "alive")

    def test_programs_inherit_nothing(self) -> None:
        template, _ = self.template(PREPARED)
        worker = self.forked(template)
        program = "import os; print(sorted(set(map(int, os.listdir('/proc/self/fd'))) - {0, 1, 2})[:-1])"
        query = f"subprocess.run([sys.executable, '-c', {program!r}], close_fds=False, stdout=-1).stdout"
        self.assertEqual(self.evaluate(worker, query), repr(b"[]\n"))

    def test_template_keeps_nothing_of_its_workers(self) -> None:
        template, _ = self.template(PREPARED)
        before = os.listdir(f"/proc/{template.process.pid}/fd")
        for _ in range(3):
            self.forked(template, threads=3)
        self.assertEqual(os.listdir(f"/proc/{template.process.pid}/fd"), before)

    def test_drain(self) -> None:
        template, _ = self.template(
            PREPARED + "import atexit\natexit.register(lambda: print('goodbye', os.getpid()))\n"
        )
        worker = self.forked(template)
        pid = worker.pid
        worker.drain()
        self.assertEqual(worker.wait(), (0, f"goodbye {pid}\n", ""))

    def test_refusal_of_the_system_is_told_and_the_next_one_is_not_harmed(self) -> None:
        for which in ("os.getpid() == template", "os.getpid() != template"):
            with self.subTest(which):
                self.refuse_and_go_on(which)

    def refuse_and_go_on(self, which: str) -> None:
        """Lets that fork fail of which this is true: the template's own, or that of the process between."""
        switch = os.path.join(self.directory, "refuses")
        template, _ = self.template(
            "import os\nfork, template = os.fork, os.getpid()\n"
            "def picky():\n"
            f"    if os.path.exists({switch!r}) and {which}: raise BlockingIOError(11, 'no more processes')\n"
            "    return fork()\n"
            "os.fork = picky\n" + PREPARED
        )
        with open(switch, "w", encoding="utf-8"):
            Forked(self).send_to(template)
            kind, _, (pid, text) = template.answer(template.control)
        self.assertEqual((kind, pid), (frame.FORKED, 0))
        self.assertIn("no more processes", text)
        os.remove(switch)
        self.assertEqual(self.evaluate(self.forked(template), "'alive'"), "alive")

    def test_template_that_dies_while_it_forks_leaves_no_second_one(self) -> None:
        template, _ = self.template(
            "import os, signal\nfork, template = os.fork, os.getpid()\n"
            "def deadly():\n"
            "    if os.getpid() != template:\n"
            "        os.kill(template, signal.SIGKILL)\n"
            "        while os.getppid() == template: pass\n"
            "    return fork()\n"
            "os.fork = deadly\n" + PREPARED
        )
        worker = Forked(self)
        worker.send_to(template)
        kind, _, ready = worker.answer(worker.control)
        self.assertEqual(kind, frame.READY)
        worker.pid = ready["pid"]  # it serves, unless the master, who has not heard of it, hangs up
        self.assertEqual(template.wait(), (-signal.SIGKILL, "", ""))
        between, status = os.waitpid(-1, 0)
        self.assertNotEqual(between, worker.pid)
        self.assertEqual(os.WEXITSTATUS(status), 0)
        self.assertEqual(template.control.recv(1), b"", "nobody is left to be asked")

    def test_application_that_does_not_care_for_its_children(self) -> None:
        template, _ = self.template("import signal\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\n" + PREPARED)
        for _ in range(2):
            self.assertEqual(self.evaluate(self.forked(template), "'alive'"), "alive")

    def test_warnings_that_are_errors(self) -> None:
        template, _ = self.template(
            "import threading, warnings\nwarnings.simplefilter('error')\n"
            "threading.Thread(target=threading.Event().wait, daemon=True).start()\n" + PREPARED
        )
        self.assertEqual(self.evaluate(self.forked(template), "'alive'"), "alive")

    def test_child_of_the_application_does_not_hold_the_control_socket(self) -> None:
        template, _ = self.template(
            "import os, signal\nchild = os.fork()\nif child == 0:\n    signal.pause()\n" + PREPARED
        )
        child = int(self.evaluate(self.forked(template), "child"))
        self.addCleanup(os.kill, child, signal.SIGKILL)
        template.process.kill()
        self.assertEqual(template.control.recv(1), b"")


class TestEndOfAWorker(TemplateCase):
    def test_end_of_the_control_stream(self) -> None:
        template, _ = self.template(PREPARED)
        worker = self.forked(template)
        worker.control.close()
        self.assertEqual(worker.wait()[0], 0)

    def test_end_of_the_lifeline_while_the_gil_is_kept(self) -> None:
        template, _ = self.template(STUCK)
        worker = self.forked(template)
        worker.send()
        self.assertEqual(os.read(worker.out, 100), b"stuck")
        self.assertEqual(os.waitpid(worker.pid, os.WNOHANG), (0, 0))
        os.dup2(worker.out, worker.lifeline)  # closes it; the number is closed with the others
        self.assertEqual(worker.wait()[0], -signal.SIGKILL)

    def test_master_that_is_gone_before_the_worker_is_there(self) -> None:
        template, _ = self.template(PREPARED)
        worker = template.fork(self)
        worker.control.close()
        self.assertEqual(worker.wait()[0], 0)
