"""What is told of a configuration file of gunicorn's, and what stands in for gunicorn meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

from forebay import gunicorn, hooks

NAMES = ["bind", "workers", "umask", "raw_env", "worker_class", "logger_class", "logconfig_dict", "post_fork", "pidfile", "timeout"]


class GunicornCase(unittest.TestCase):
    def setUp(self) -> None:
        self.directory = tempfile.mkdtemp()
        self.addCleanup(lambda: __import__("shutil").rmtree(self.directory))

    def file(self, text: str) -> str:
        path = Path(self.directory, "gunicorn.conf.py")
        path.write_text(text, "utf-8")
        return str(path)

    def settings(self, text: str) -> dict[str, Any]:
        return {name: said["value"] for name, said in gunicorn.read(self.file(text), NAMES)["settings"].items()}


class TestRead(GunicornCase):
    def test_values(self) -> None:
        for text, want in {
            "workers = 2 * 2 + 1": {"workers": 5},
            "bind = ['a:1', 'b:2']": {"bind": ["a:1", "b:2"]},
            "bind = ('a:1',)": {"bind": ["a:1"]},
            "raw_env = {'B=2', 'A=1'}": {"raw_env": ["A=1", "B=2"]},
            "from pathlib import Path\npidfile = Path('/run') / 'a.pid'": {"pidfile": "/run/a.pid"},
            "import stat\numask = stat.S_IWOTH": {"umask": 2},
            "timeout = 1.5": {"timeout": 1.5},
            "timeout = float('nan')": {"timeout": {"type": "float"}},
            "pidfile = b'x'": {"pidfile": "x"},
            "worker_class = None": {"worker_class": None},
            "logconfig_dict = {'version': 1}": {"logconfig_dict": {"type": "dict"}},
            "class Mine: pass\nlogger_class = Mine": {"logger_class": {"class": "__config__.Mine"}},
            "bind = []\nbind.append(bind)": {"bind": [[{"type": "list"}]]},
            "print('hello')": {},
        }.items():
            with self.subTest(text), mock.patch("sys.stdout"):
                got = self.settings(text)
                self.assertEqual(got, want)
                json.dumps(got)

    def test_lines_functions_and_other_names(self) -> None:
        got = gunicorn.read(
            self.file(
                "import os\nworkers = 1\nif os.sep:\n    workers = 2\n"
                "def post_fork(server, worker):\n    timeout = 3\ndef mine(): pass\n_own = 1\nwrokers = 4\n"
            ),
            NAMES,
        )
        self.assertEqual(got["settings"], {"workers": {"value": 2, "line": 4}})
        self.assertEqual(got["functions"], {"post_fork": 5})
        self.assertEqual(got["others"], {"wrokers": 9})

    def test_gunicorn_is_stood_in_for_and_gone_afterwards(self) -> None:
        with mock.patch.dict(sys.modules):
            sys.modules.pop("gunicorn", None)
            Path(self.directory, "gunicorn").mkdir()  # would be a package (PEP 420)
            with mock.patch.object(sys, "path", [self.directory]):
                got = self.settings(
                    "import gunicorn, gunicorn.glogging\nfrom gunicorn.workers.ggevent import GeventWorker\nfrom gunicorn import util\n"
                    "gunicorn.SERVER_SOFTWARE = 'web'\n"
                    "class Log(gunicorn.glogging.Logger):\n    def setup(self, cfg): super().setup(cfg)\n"
                    "worker_class = GeventWorker\nlogger_class = Log\nutil.getcwd()\nnew = gunicorn.version_info >= (20,)"
                )
                self.assertEqual(got["worker_class"], {"class": "gunicorn.workers.ggevent.GeventWorker"})
                self.assertEqual(got["logger_class"], {"class": "__config__.Log"})
                self.assertNotIn("gunicorn", sys.modules)
                with self.assertRaises(ModuleNotFoundError):
                    __import__("gunicorn.glogging")
                sys.modules.pop("gunicorn", None)

    def test_the_real_gunicorn_comes_first(self) -> None:
        real = ModuleType("gunicorn")
        real.__path__ = []
        with mock.patch.dict(sys.modules, {"gunicorn": real}):
            with self.assertRaises(ModuleNotFoundError):
                self.settings("import gunicorn.nothing")
            self.assertIs(sys.modules["gunicorn"], real)

    def test_hooks_in_the_same_file(self) -> None:
        hooks.load(self.file("from gunicorn import glogging\ndef post_fork(server, worker): pass\n"))


class TestProgram(GunicornCase):
    def run_program(self, text: str) -> tuple[dict[str, Any], str]:
        """Runs it as the master does, and returns what it reports and what it prints."""
        receive, send = os.pipe()
        with open(gunicorn.__file__, encoding="utf-8") as file:
            program = file.read()
        # The shell, as subprocess has no way to give a child descriptor 3.
        command = ["sh", "-c", f'exec "$@" 3>&{send} {send}>&-', "sh", sys.executable, "-c", program, self.file(text), ",".join(NAMES)]
        done = subprocess.run(command, pass_fds=[send], cwd=self.directory, capture_output=True, text=True, check=True)
        os.close(send)
        with open(receive, encoding="ascii") as report:
            return json.load(report), done.stdout + done.stderr

    def test_report(self) -> None:
        Path(self.directory, "beside.py").write_text("count = 3\n", "ascii")
        got, printed = self.run_program("print('hi')\nimport sys\nfrom beside import count as workers\nbind = sys.argv[0][-8:]\n")
        self.assertEqual(got["settings"], {"workers": {"value": 3, "line": 0}, "bind": {"value": ".conf.py", "line": 4}})
        self.assertEqual(printed, "hi\n")

    def test_failures(self) -> None:
        Path(self.directory, "fails.py").write_text("\n1 / 0\n", "ascii")
        for text, want, printed in (
            ("\nimport nothing_here", {"error": "ModuleNotFoundError: No module named 'nothing_here'", "line": 2}, ""),
            ("\n\nraise SystemExit", {"error": "SystemExit", "line": 3}, ""),
            ("def x():\n    raise ValueError('no')\n\nx()", {"error": "ValueError: no", "line": 2}, ""),
            ("import fails", {"error": "ZeroDivisionError: division by zero", "line": 1}, 'fails.py", line 2'),
        ):
            with self.subTest(text):
                got, output = self.run_program(text)
                self.assertEqual(got, want)
                self.assertIn(printed, output)
        got, _ = self.run_program("x = 1\ny = (")
        self.assertEqual(got["line"], 2)
        self.assertRegex(got["error"], "^SyntaxError: ")
