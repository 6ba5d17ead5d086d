"""wsgiref.validate, the library's judge of PEP 3333, stands between worker and application and stays silent."""

from __future__ import annotations

import warnings
from typing import Any, Callable
from wsgiref.validate import validator

from .conversation import Conversation

FIELDS = [("Content-Type", "text/plain")]


def simple(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", FIELDS)
    return [b"hello"]


def stream(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", FIELDS)
    yield b"hel"
    yield b"lo"


def writing(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", FIELDS)(b"hel")
    return [b"lo"]


def reading(environ: dict[str, Any], start_response: Any) -> Any:
    file = environ["wsgi.input"]
    text = file.read(1) + file.readline() + b"".join(file)
    environ["wsgi.errors"].write("")
    start_response("200 OK", FIELDS)
    return [text]


class TestValidate(Conversation):
    def test_validator_is_silent(self) -> None:
        apps: dict[str, Callable[..., Any]] = {
            "simple": simple,
            "stream": stream,
            "writing": writing,
            "reading": reading,
        }
        for name, app in apps.items():
            with self.subTest(name), warnings.catch_warnings():
                warnings.simplefilter("error")
                answers = self.ask(validator(app), b"hello", REQUEST_METHOD="POST")
                self.assertEqual(self.body(answers), b"hello", answers)
                self.assertEqual(answers[-1].kind, "IDLE")

    def test_validator_is_silent_on_a_head_request(self) -> None:
        def app(environ: dict[str, Any], start_response: Any) -> Any:
            start_response("200 OK", FIELDS)
            return []

        self.assertEqual(self.kinds(self.ask(validator(app), REQUEST_METHOD="HEAD")), ["RESPONSE", "IDLE"])
