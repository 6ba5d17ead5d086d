"""Every row of the test is a small application; the path names it. Keep all of this to Python 3.9's syntax."""

from types import FunctionType
from wsgiref.validate import validator

import faults
import reading
import rows


def public(module):
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, FunctionType) and value.__module__ == module.__name__ and not name.startswith("_")
    }


# The standard library's judge of PEP 3333 stands before all that do nothing wrong.
ROWS = {name: validator(app) for name, app in {**public(rows), **public(reading)}.items()}
ROWS.update(public(faults))
ROWS["unwrapped_file"] = rows.real_file  # the judge hides the wrapper from the server
ROWS["unwrapped_bytes"] = rows.bytes_file


def application(environ, start_response):
    return ROWS[environ["PATH_INFO"].split("/")[1]](environ, start_response)
