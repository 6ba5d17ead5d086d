"""What is asked of Django's settings. The tests with a real Django are the master's; this one stands in for it."""

from __future__ import annotations

import os
import sys
import unittest
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Optional
from unittest import mock

from forebay import django, frame
from forebay.app import LoadError

from .process import ProcessCase, Worker
from .test_process import HELLO


class ImproperlyConfigured(Exception):
    pass


class Settings:
    """As Django's: read when first asked, and never asked for a URL, which it would remember."""

    def __init__(self, wrapped: Optional[SimpleNamespace]) -> None:
        self._wrapped = wrapped

    @property
    def SETTINGS_MODULE(self) -> Any:
        if self._wrapped is None:
            raise ImproperlyConfigured("You must define DJANGO_SETTINGS_MODULE.")
        return self._wrapped.SETTINGS_MODULE

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} is remembered with a wrong prefix")


class TestDjango(unittest.TestCase):
    def files(self, **said: Any) -> dict[str, str]:
        return self.ask(SimpleNamespace(SETTINGS_MODULE=said.pop("SETTINGS_MODULE", __name__), **said))

    def ask(self, wrapped: Optional[SimpleNamespace]) -> dict[str, str]:
        modules = {name: ModuleType(name) for name in ("django", "django.conf", "django.core", "django.core.exceptions")}
        modules["django.conf"].settings = Settings(wrapped)  # type: ignore[attr-defined]
        modules["django.core.exceptions"].ImproperlyConfigured = ImproperlyConfigured  # type: ignore[attr-defined]
        with mock.patch.dict(sys.modules, modules):
            return django.files("shop.wsgi")

    def test_everything(self) -> None:
        got = self.files(
            STATIC_URL="static/",
            STATIC_ROOT=Path("/srv/static"),
            MEDIA_URL="https://cdn.example/media/",
            MEDIA_ROOT="media",
            FORCE_SCRIPT_NAME="/shop",
        )
        want = {
            "static_url": "static/",
            "static_root": "/srv/static",
            "media_url": "https://cdn.example/media/",
            "media_root": os.path.join(os.getcwd(), "media"),
            "script_name": "/shop",
            "settings": os.path.abspath(__file__),
        }
        self.assertEqual(got, want)

    def test_nothing(self) -> None:
        nothing = dict.fromkeys(("static_url", "static_root", "media_url", "media_root", "script_name", "settings"), "")
        self.assertEqual(self.files(SETTINGS_MODULE=None), nothing)
        self.assertEqual(self.files(SETTINGS_MODULE="gone", STATIC_ROOT=None, MEDIA_ROOT=""), nothing)

    def test_settings_that_are_not_there(self) -> None:
        with self.assertRaisesRegex(LoadError, "django is on, and shop.wsgi has no Django settings: You must define"):
            self.ask(None)

    def test_django_that_is_not_there(self) -> None:
        with mock.patch.dict(sys.modules, {"django": None, "django.conf": None}):
            with self.assertRaisesRegex(LoadError, "there is no django.* in this Python"):
                django.files("shop.wsgi")


class TestReady(ProcessCase):
    def django(self, text: str) -> None:
        """Stands in for Django also where there is one."""
        os.makedirs(os.path.join(self.directory, "django", "core"))
        self.module("django/__init__", text)
        self.module("django/core/__init__", "")
        self.module("django/core/exceptions", "class ImproperlyConfigured(Exception): pass\n")
        self.module(
            "django/conf",
            "class settings:\n  SETTINGS_MODULE = None\n  STATIC_URL = '/s/'\nsettings._wrapped = settings\n",
        )
        self.module("shop", HELLO)

    def test_an_application_without_django_is_not_loaded(self) -> None:
        self.django("raise ModuleNotFoundError('no', name='django')")
        kind, (text,) = Worker(self).boot("shop:app", [self.directory], django=True)
        self.assertEqual(kind, frame.FAILED)
        self.assertIn("django is on, and there is no django in this Python", text)

    def test_ready_says_what_settings_say(self) -> None:
        self.django("")
        for asked in (True, False):
            kind, ready = Worker(self).boot("shop:app", [self.directory], django=asked)
            self.assertEqual(kind, frame.READY, ready)
            self.assertEqual(ready.get("django", {}).get("static_url"), "/s/" if asked else None)
