"""MODULE[:CALLABLE] in every form, and what is said when it does not work."""

from __future__ import annotations

import os
import sys
import tempfile
import unittest
from pathlib import Path

from forebay import app, fault

SHOP = """
import types
number = 7
def application(environ, start_response): return "application"
def app(environ, start_response): return "app"
def create_app(*args, **keywords): return lambda environ, start_response: (args, keywords)
def create_nothing(): pass
def broken(): raise RuntimeError("in the factory")
obj = types.SimpleNamespace(attr=app, inner=types.SimpleNamespace(create=create_app))
"""

MODULES = {
    "shop.py": SHOP,
    "only_app.py": "def app(environ, start_response): return 'app'\napplication = None\n",
    "neither.py": "",
    "package/__init__.py": "",
    "package/wsgi.py": "def application(environ, start_response): return 'package'\n",
    "needs_other.py": "import no_such_module\n",
    "needs_name.py": "from shop import no_such_name\n",
    "not_python.py": "def app(:\n",
    "exits.py": "import sys\nsys.exit('configuration is missing')\n",
}


class AppCase(unittest.TestCase):
    """Has the modules above on sys.path and as files in the working directory, and forgets them afterwards."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        for name, text in MODULES.items():
            path = Path(directory.name, name)
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(directory.name)
        sys.path.insert(0, directory.name)
        self.addCleanup(sys.path.remove, directory.name)
        self.addCleanup(self.forget)

    def forget(self) -> None:
        for name in {name.split("/")[0].partition(".")[0] for name in MODULES} | {"package.wsgi"}:
            sys.modules.pop(name, None)


class TestLoad(AppCase):
    def test_loads(self) -> None:
        cases = {
            "shop": "application",
            "only_app": "app",
            "shop:app": "app",
            "shop: app ": "app",
            "package.wsgi": "package",
            "package.wsgi:application": "package",
            "shop:obj.attr": "app",
            "shop:create_app()": ((), {}),
            "shop:create_app(debug=False)": ((), {"debug": False}),
            "shop:create_app('a', [1, -2], {'k': None}, x=(1.5,))": (("a", [1, -2], {"k": None}), {"x": (1.5,)}),
            "shop:obj.inner.create(1)": ((1,), {}),
        }
        for spec, expected in cases.items():
            with self.subTest(spec):
                self.assertEqual(app.load(spec)({}, None), expected)

    def test_says_what_is_wrong(self) -> None:
        cases = {
            "": "no module name",
            ":app": "no module name",
            "shop/wsgi.py": "no module name",
            ".shop": "no module name",
            "nowhere": "no module nowhere",
            "nowhere.wsgi:app": "no module nowhere",
            "package.nowhere": "no module package.nowhere",
            "shop.py": "did you mean shop?",
            "shop.py:app": "did you mean shop:app?",
            "neither": "neither has no callable application or app",
            "shop:nothing": "shop has no nothing",
            "shop:obj.nothing": "shop has no obj.nothing",
            "shop:number": "of type int and cannot be called",
            "shop:create_nothing()": "of type NoneType and cannot be called",
            "shop:number()": "of type int: no factory",
            "shop:create_app(number)": "can only be literals",
            "shop:create_app(debug=not_literal)": "can only be literals",
            "shop:create_app(**{})": "neither a name",
            "shop:create_app()()": "neither a name",
            "shop:app[0]": "neither a name",
            "shop:1 +": "neither a name",
            "shop:import os": "neither a name",
            "shop:app:more": "neither a name",
        }
        for spec, said in cases.items():
            with self.subTest(spec), self.assertRaises(app.LoadError) as caught:
                app.load(spec)
            self.assertIn(said, str(caught.exception))

    def test_what_the_application_raises_passes_through(self) -> None:
        cases = {
            "needs_other": ModuleNotFoundError,
            "needs_name": ImportError,
            "not_python": SyntaxError,
            "exits": SystemExit,
            "shop:broken()": RuntimeError,
        }
        for spec, kind in cases.items():
            with self.subTest(spec), self.assertRaises(kind):
                app.load(spec)


class TestTraceback(AppCase):
    def text(self, spec: str) -> str:
        try:
            app.load(spec)
        except BaseException as error:
            assert error.__traceback__ is not None
            return fault.text(error.with_traceback(error.__traceback__.tb_next))  # without the frame of this test
        self.fail(f"{spec} was loaded")

    def test_begins_with_the_applications_own_frame(self) -> None:
        text = self.text("needs_other")
        lines = text.splitlines()
        self.assertEqual(lines[0], "Traceback (most recent call last):")
        self.assertRegex(lines[1], r'^  File ".*needs_other\.py", line 1, in <module>$')
        self.assertEqual(lines[2], "    import no_such_module")
        self.assertEqual(lines[-1], "ModuleNotFoundError: No module named 'no_such_module'")

    def test_shows_the_line_of_a_syntax_error(self) -> None:
        text = self.text("not_python")
        self.assertNotIn("importlib", text)
        self.assertIn('not_python.py", line 1\n    def app(:\n', text)
        self.assertIn("^\n", text)
        self.assertIn("SyntaxError: ", text)

    def test_shows_a_factory_that_fails(self) -> None:
        text = self.text("shop:broken()")
        self.assertIn("in broken", text)
        self.assertNotIn("in load", text)

    def test_shows_no_frame_where_the_application_has_none(self) -> None:
        self.assertRegex(self.text("shop:app.__call__(1)"), r"\ATypeError: .*\n\Z")

    def test_message_that_cannot_be_made(self) -> None:
        class Mute(Exception):
            def __str__(self) -> str:
                raise RuntimeError

        self.assertIn("Mute", fault.text(Mute()))
