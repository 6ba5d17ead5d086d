"""The files of the application, as a worker process reports them."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from forebay import frame

from .process import ProcessCase, Worker

APP = """
import importlib, json, os, sys, threading
import {imports}
def app(environ, start_response):
    start_response("200 OK", [])
    result = eval(environ["QUERY_STRING"])
    return [str(result).encode()]
"""


class TestModules(ProcessCase):
    def boot(self, imports: str = "os", **more: Any) -> tuple[Worker, set[str], int, Any]:
        """Boots and returns the worker, the files it has reported, and kind and value of its answer."""
        self.module("shop", APP.format(imports=imports))
        worker = Worker(self)
        kind, value = worker.boot("shop:app", [self.directory], modules=True, **more)
        files: set[str] = set()
        while kind == frame.MODULES:
            files |= {os.fsdecode(file) for file in value}
            kind, _, value = worker.answer(worker.control)
        return worker, files, kind, value

    def compiling(self) -> str:
        """Returns a module whose import has Python keep compiled files, whatever the environment says of that."""
        self.module("compiling", "import sys\nsys.dont_write_bytecode = False\n")
        return "compiling"

    def here(self, *names: str) -> set[str]:
        return {os.path.join(self.directory, name) for name in names}

    def ours(self, files: set[str]) -> set[str]:
        return {file for file in files if file.startswith(self.directory)}

    def test_nothing_is_reported_unasked(self) -> None:
        self.module("shop", APP.format(imports="os"))
        self.assertEqual(Worker(self).boot("shop:app", [self.directory])[0], frame.READY)
        self.assertEqual(Worker(self).boot("shop:app", [self.directory], modules=False)[0], frame.READY)

    def test_files_come_before_ready(self) -> None:
        self.module("views", "import forms")
        self.module("forms", "")
        _, files, kind, _ = self.boot("views")
        self.assertEqual(kind, frame.READY)
        self.assertEqual(self.ours(files), self.here("shop.py", "views.py", "forms.py"))

    def test_the_standard_library_is_nobodys_business(self) -> None:
        _, files, _, _ = self.boot("json")
        library = os.path.dirname(os.__file__)
        self.assertEqual([file for file in files if file.startswith(library) and "-packages" not in file], [])
        self.assertEqual([file for file in files if "<" in file], [])

    def test_what_is_imported_later_is_reported_later(self) -> None:
        worker, files, _, _ = self.boot()
        self.module("late", "")
        self.assertEqual(worker.ask(QUERY_STRING="importlib.import_module('late').__name__")[2][2], b"late")
        kind, _, value = worker.answer(worker.control)
        self.assertEqual((kind, value), (frame.MODULES, [os.fsencode(*self.here("late.py"))]))

    def test_the_control_socket_is_heard_meanwhile(self) -> None:
        worker, _, _, _ = self.boot()
        worker.drain()
        self.assertEqual(worker.wait()[0], 0)

    def test_a_failed_import_reports_what_it_came_through(self) -> None:
        broken = {
            "a syntax error": "import deep\n",
            "an error that stands for another": "try:\n    import deep\nexcept SyntaxError:\n    raise KeyError from None\n",
            "the end of the process": "try:\n    import deep\nexcept SyntaxError:\n    raise SystemExit(1)\n",
        }
        self.module("fine", "")
        self.module("deep", "import fine\nimport deeper\n")
        self.module("deeper", "x = (\n")
        for name, text in broken.items():
            with self.subTest(name):
                self.module("views", text)
                _, files, kind, _ = self.boot("views")
                self.assertEqual(kind, frame.FAILED)
                names = ("shop.py", "views.py", "deep.py", "deeper.py", "fine.py")
                self.assertEqual(self.ours(files), self.here(*names))

    def test_lazy_modules_stay_so(self) -> None:
        self.module("later", "raise RuntimeError('imported by being looked at')")
        self.module(
            "lazy",
            "import importlib.util, sys\n"
            "spec = importlib.util.find_spec('later')\n"
            "spec.loader = importlib.util.LazyLoader(spec.loader)\n"
            "module = sys.modules['later'] = importlib.util.module_from_spec(spec)\n"
            "spec.loader.exec_module(module)\n"
            "sys.modules['odd'] = object()\n",
        )
        _, files, kind, value = self.boot("lazy")
        self.assertEqual(kind, frame.READY, value)
        self.assertIn(*self.here("later.py"), files)

    def test_many_files_are_reported_in_several_frames(self) -> None:
        for number in range(450):
            self.module(f"m{number}", "")
        _, files, _, _ = self.boot(", ".join(f"m{number}" for number in range(450)))
        self.assertEqual(len(self.ours(files)), 451)

    def test_what_was_saved_twice_within_a_second_is_not_taken_for_unchanged(self) -> None:
        compiling = self.compiling()
        saved = int(time.time())
        for text in ("one", "two"):
            self.module("views", f"TEXT = '{text}'")
            os.utime(*self.here("views.py"), (saved, saved))
            worker, _, _, _ = self.boot(f"{compiling}, views")
            self.assertEqual(worker.ask(QUERY_STRING="views.TEXT")[2][2], text.encode())

    def test_what_was_saved_long_ago_is_compiled_once(self) -> None:
        self.module("views", "")
        os.utime(*self.here("views.py"), (1_000_000_000, 1_000_000_000))
        self.boot(f"{self.compiling()}, views")
        cached = [path.name.partition(".")[0] for path in Path(self.directory, "__pycache__").iterdir()]
        self.assertEqual(cached, ["views"], "the others were written just now")
