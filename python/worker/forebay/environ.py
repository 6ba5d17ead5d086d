"""What every environ has that does not come from the request (PEP 3333, "environ Variables")."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from .files import FileWrapper

Environ = dict[str, Any]
Boot = dict[str, Any]  # what the master says a worker is to be: see Boot in python/boot.go of its source


def base(constant: Mapping[str, Any], threads: int) -> Environ:
    """Returns the part that is the same for every request: what the master says, and what the worker knows itself."""
    return {
        **constant,
        "wsgi.version": (1, 0),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": threads > 1,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileWrapper,
        # The body ends where read() says so, even where an application does not look at CONTENT_LENGTH.
        "wsgi.input_terminated": True,
    }
