"""Asks Django's settings where files are that the master can serve."""

from __future__ import annotations

import os
import sys
from typing import Any

from .app import LoadError


def files(spec: str) -> dict[str, str]:
    """Returns what the settings of an application that was loaded say, under the names that READY has for it.

    Empty is what they do not say. URLs are as they were written: to ask for them in the usual way would make Django
    remember them with the script name that it knows of before the first request, which is none.
    """
    try:
        from django.conf import settings
        from django.core.exceptions import ImproperlyConfigured
    except ModuleNotFoundError as error:
        raise LoadError(f"django is on, and there is no {error.name} in this Python ({sys.executable})") from None
    try:
        module = settings.SETTINGS_MODULE  # reads them, if nothing has yet; None after settings.configure()
    except ImproperlyConfigured as error:
        raise LoadError(f"django is on, and {spec} has no Django settings: {error}") from None
    said: Any = settings._wrapped
    return {
        "static_url": _text(getattr(said, "STATIC_URL", None)),
        "static_root": _path(getattr(said, "STATIC_ROOT", None)),
        "media_url": _text(getattr(said, "MEDIA_URL", None)),
        "media_root": _path(getattr(said, "MEDIA_ROOT", None)),
        "script_name": _text(getattr(said, "FORCE_SCRIPT_NAME", None)),
        "settings": _path(getattr(sys.modules.get(module or ""), "__file__", None)),
    }


def _text(value: Any) -> str:
    return "" if value is None else str(value)  # it may be a lazy one


def _path(value: Any) -> str:
    return os.path.abspath(os.fspath(value)) if value else ""
