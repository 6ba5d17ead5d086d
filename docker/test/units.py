"""Runs the units of docker/systemd and looks at them from within their machine: units.py COMMAND...

COMMAND runs a command there.
"""

import re
import signal
import subprocess
import sys
import unittest

from lines import DEADLINE, Lines

inside = sys.argv[1:]
# What systemd may find fault with, out of 10: forebay is for a network, and its application may make code.
EXPOSURE = "20"
ASK = """
import sys, urllib.request
for _ in range(int(sys.argv[2])):
    with urllib.request.urlopen("http://127.0.0.1" + sys.argv[1], timeout=60) as answer:
        for line in answer:
            print(line.decode(), end="", flush=True)
"""


def run(*arguments, check=True):
    done = subprocess.run([*inside, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE,
                          check=False)
    if check and done.returncode:
        raise AssertionError(f"{arguments}: {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def ask(path="/", times=1):
    return run("python3", "-c", ASK, path, str(times))


def show(name):
    return run("systemctl", "show", "--property", name, "--value", "forebay.service").strip()


class Units(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        run("systemctl", "daemon-reload")
        run("systemctl", "enable", "--now", "forebay.socket", "forebay.service")
        cls.process = subprocess.Popen([*inside, "journalctl", "--follow", "--lines=all", "--unit=forebay.service", "--output=cat"],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        cls.log = Lines(cls.process.stdout)
        cls.addClassCleanup(cls.log.close)
        cls.addClassCleanup(cls.process.wait, DEADLINE)
        cls.addClassCleanup(cls.process.kill)

    def setUp(self):
        run("systemctl", "start", "forebay.service")
        self.begun = self.log.count()

    def await_line(self, pattern):
        return self.log.await_line(pattern, self.begun)

    def kill(self, number):
        """Sends a signal to forebay, as it was started or has become by an upgrade."""
        run("systemctl", "kill", "--kill-whom=main", f"--signal={number.name}", "forebay.service")

    def drop_in(self, text):
        """Says more than the unit does, for one test."""
        write = "mkdir -p $0 && cat >$0/test.conf"
        subprocess.run([*inside, "sh", "-c", write, "/run/systemd/system/forebay.service.d"], input=f"[Service]\n{text}\n", text=True,
                       check=True, timeout=DEADLINE)
        run("systemctl", "daemon-reload")

        def forget():
            run("rm", "/run/systemd/system/forebay.service.d/test.conf")
            run("systemctl", "daemon-reload")
            run("systemctl", "stop", "forebay.socket", "forebay.service")
            run("systemctl", "start", "forebay.socket", "forebay.service")

        self.addCleanup(forget)

    def test_systemd_finds_nothing_wrong(self):
        self.assertEqual(run("systemd-analyze", "verify", "--man=no", "forebay.service", "forebay.socket"), "")
        run("systemd-analyze", "security", f"--threshold={EXPOSURE}", "forebay.service")

    def test_it_serves_on_the_port_of_the_socket_without_rights(self):
        self.assertRegex(show("StatusText"), r"^serving with \d+ workers$")
        self.assertIn("Django runs as mysite;", ask())
        status = run("cat", f"/proc/{show('MainPID')}/status")
        for line in (r"CapEff:\t0+", r"NoNewPrivs:\t1", r"Seccomp:\t2"):
            self.assertRegex(status, rf"(?m)^{line}$")

    def test_a_reload_keeps_the_process(self):
        before = show("MainPID")
        run("systemctl", "reload", "forebay.service")
        self.await_line(r" reloaded ")
        self.assertEqual(show("MainPID"), before)
        self.assertIn(f"forebay is process {before}.", ask())

    def test_an_upgrade_is_another_process_of_the_same_unit(self):
        before = show("MainPID")
        self.kill(signal.SIGUSR2)
        self.await_line(r"worker exited .*worker=1 ")
        after = show("MainPID")
        self.assertNotEqual(after, before)
        self.assertIn(f"forebay is process {after}.", ask())
        self.assertEqual(show("ActiveState"), "active")

    def test_connections_wait_while_it_is_restarted(self):
        asking = subprocess.Popen([*inside, "python3", "-c", ASK, "/", "100"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        run("systemctl", "restart", "forebay.service")
        run("systemctl", "restart", "forebay.service")
        pages, _ = asking.communicate(timeout=DEADLINE)
        self.assertEqual((asking.returncode, pages.count("It works")), (0, 100))

    def test_what_is_under_way_ends_before_it_stops(self):
        asking = subprocess.Popen([*inside, "python3", "-c", ASK, "/slow/?seconds=2", "1"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  text=True)
        with asking.stdout:
            self.assertEqual(asking.stdout.readline(), "begun\n")
            run("systemctl", "stop", "forebay.socket", "forebay.service")
            self.assertEqual(asking.stdout.read(), "done\n")
        self.assertEqual((asking.wait(DEADLINE), show("Result"), show("ExecMainStatus")), (0, "success", "0"))
        run("systemctl", "start", "forebay.socket")

    def test_one_that_dies_is_started_again(self):
        before = show("MainPID")
        self.kill(signal.SIGKILL)
        self.await_line("Failed with result 'signal'")
        self.assertNotIn(f"forebay is process {before}.", ask())

    def test_one_that_does_not_answer_is_started_again(self):
        self.drop_in("WatchdogSec=2")
        run("systemctl", "restart", "forebay.service")
        before = show("MainPID")
        self.kill(signal.SIGSTOP)
        self.await_line("Watchdog timeout")
        self.assertNotIn(f"forebay is process {before}.", ask())

    def test_a_fault_in_the_configuration_is_not_tried_again(self):
        self.drop_in("Environment=FOREBAY_THREADS=many")
        run("systemctl", "stop", "forebay.socket")
        run("systemctl", "restart", "forebay.service", check=False)
        self.assertEqual((show("ActiveState"), show("ExecMainStatus"), show("NRestarts")), ("failed", "2", "0"))
        self.await_line(r"threads .*, not \"many\"")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
