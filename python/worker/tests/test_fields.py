"""What start_response accepts as status and fields, and what it does not."""

from __future__ import annotations

import unittest
from typing import Any

from forebay import fields

FINE = [("Content-Type", "text/plain")]


class TestCheck(unittest.TestCase):
    def test_accepts(self) -> None:
        cases = {
            "usual": ("200 OK", FINE),
            "no fields": ("204 No Content", []),
            "no reason": ("299 ", FINE),
            "reason in latin-1": ("200 Tr\xe8s bien", FINE),
            "unusual code": ("999 Own", FINE),
            "empty value": ("200 OK", [("X", "")]),
            "tab in a value": ("200 OK", [("X", "a\tb")]),
            "latin-1 in a value": ("200 OK", [("X", "\x80\xa0\xad\xff")]),
            "every token character": ("200 OK", [("!#$%&'*+-.^_`|~09azAZ", "x")]),
            "content-length of any form": ("200 OK", [("Content-Length", "abc")]),
        }
        for name, (status, given) in cases.items():
            with self.subTest(name):
                fields.check(status, given)
                fields.check(status, given)  # now that its names are known

    def test_refuses(self) -> None:
        cases: Any = {
            "status: int": (TypeError, 200, FINE),
            "status: bytes": (TypeError, b"200 OK", FINE),
            "status: None": (TypeError, None, FINE),
            "status: code alone": (ValueError, "200", FINE),
            "status: two digits": (ValueError, "20 OK", FINE),
            "status: four digits": (ValueError, "2000 OK", FINE),
            "status: digits of another script": (ValueError, "\u0662\u0660\u0660 OK", FINE),
            "status: no space": (ValueError, "200OK", FINE),
            "status: interim": (ValueError, "100 Continue", FINE),
            "status: split": (ValueError, "200 OK\r\nX: y", FINE),
            "status: trailing newline": (ValueError, "200 OK\n", FINE),
            "status: not latin-1": (ValueError, "200 \u20ac", FINE),
            "fields: tuple": (TypeError, "200 OK", tuple(FINE)),
            "fields: dict": (TypeError, "200 OK", dict(FINE)),
            "fields: None": (TypeError, "200 OK", None),
            "field: list": (TypeError, "200 OK", [["X", "y"]]),
            "field: text of two characters": (TypeError, "200 OK", ["ab"]),
            "field: three items": (TypeError, "200 OK", [("X", "y", "z")]),
            "field: one item": (TypeError, "200 OK", [("X",)]),
            "name: bytes": (TypeError, "200 OK", [(b"X", "y")]),
            "name: list": (TypeError, "200 OK", [([], "y")]),
            "name: empty": (ValueError, "200 OK", [("", "y")]),
            "name: colon": (ValueError, "200 OK", [("X:", "y")]),
            "name: space": (ValueError, "200 OK", [("X Y", "y")]),
            "name: newline": (ValueError, "200 OK", [("X\n", "y")]),
            "name: latin-1": (ValueError, "200 OK", [("Caf\xe9", "y")]),
            "name: a known status": (ValueError, "200 OK", [("200 OK", "y")]),
            "status: a known name": (ValueError, "Content-Type", FINE),
            "value: bytes": (TypeError, "200 OK", [("Content-Type", b"y")]),
            "value: int": (TypeError, "200 OK", [("Content-Length", 5)]),
            "value: None": (TypeError, "200 OK", [("Content-Type", None)]),
            "value: carriage return": (ValueError, "200 OK", [("Content-Type", "a\rb")]),
            "value: newline": (ValueError, "200 OK", [("Content-Type", "a\nb")]),
            "value: trailing newline": (ValueError, "200 OK", [("Content-Type", "a\n")]),
            "value: NUL": (ValueError, "200 OK", [("Content-Type", "a\0b")]),
            "value: escape": (ValueError, "200 OK", [("Content-Type", "a\x1bb")]),
            "value: DEL": (ValueError, "200 OK", [("Content-Type", "a\x7fb")]),
            "value: not latin-1": (ValueError, "200 OK", [("Content-Type", "\u20ac")]),
            "value: printable above latin-1": (ValueError, "200 OK", [("Content-Type", "\u0100")]),
            "value: lone surrogate": (ValueError, "200 OK", [("Content-Type", "\udce9")]),
            "second field": (ValueError, "200 OK", [*FINE, ("X", "\n")]),
        }
        for name, (kind, status, given) in cases.items():
            with self.subTest(name):
                with self.assertRaises(kind):
                    fields.check(status, given)
                with self.assertRaises(kind):
                    fields.check(status, given)  # what was refused is not remembered as good

    def test_every_control_character_is_refused_in_a_value(self) -> None:
        for code in [*range(0x20), 0x7F]:
            if code != 0x09:
                with self.subTest(code=code), self.assertRaises(ValueError):
                    fields.check("200 OK", [("Content-Type", f"a{chr(code)}")])

    def test_what_an_application_makes_up_is_not_kept_for_ever(self) -> None:
        for number in range(3000):
            fields.check(f"200 {number}", [(f"X-{number}", "y")])
        self.assertLessEqual(len(fields._known_names), fields._KNOWN_BOUND)
        self.assertLessEqual(len(fields._known_statuses), fields._KNOWN_BOUND)


class TestContentLength(unittest.TestCase):
    def test_content_length(self) -> None:
        cases = {
            "none": ([], None),
            "other": ([("Content-Type", "5")], None),
            "there": ([("Content-Length", "5")], 5),
            "any case": ([("content-LENGTH", "5")], 5),
            "not a number": ([("Content-Length", "5x")], None),
            "negative": ([("Content-Length", "-5")], None),
            "empty": ([("Content-Length", "")], None),
            "digits of another script": ([("Content-Length", "\xb2")], None),
            "too many digits": ([("Content-Length", "9" * 5000)], None),
        }
        for name, (given, length) in cases.items():
            with self.subTest(name):
                self.assertEqual(fields.content_length(given), length)
