"""Imports what is not installed."""

import a_library_that_is_not_there  # noqa: F401


def application(environ, start_response):
    raise AssertionError("never loaded")
