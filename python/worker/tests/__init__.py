"""Tests of the worker program. Run: python3 -m unittest discover -s python/worker/tests -t python/worker

With FOREBAY_NATIVE, the path of the compiled native.c, they try that with the Python, else the Python alone.
"""

import importlib.util
import os
import sys
from importlib.machinery import ExtensionFileLoader

NATIVE = os.environ.get("FOREBAY_NATIVE", "")


def _load() -> None:
    name = "forebay._native"
    spec = importlib.util.spec_from_file_location(name, NATIVE, loader=ExtensionFileLoader(name, NATIVE))
    assert spec and spec.loader
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])


if NATIVE:
    NATIVE = os.path.abspath(NATIVE)
    _load()
