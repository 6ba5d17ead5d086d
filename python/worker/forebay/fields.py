"""The status and the fields of a response: what start_response accepts (PEP 3333, "The start_response() Callable")."""

from __future__ import annotations

import re
from typing import Any

Fields = list[tuple[str, str]]

# RFC 9110 section 15: a final answer has three digits from 200 on. PEP 3333 asks for the space, not for a reason.
_STATUS = re.compile(r"[2-9][0-9]{2} [\t\x20-\x7e\x80-\xff]*")
# RFC 9110 section 5.1: a field's name is a token.
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
# RFC 9110 section 5.5: visible characters, space and tab, and whatever bytes lie above ASCII.
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")

# What passed once needs no second look. An application has few of both; the bound is for one that makes them up.
_known_statuses: set[str] = set()
_known_names: set[str] = set()
_KNOWN_BOUND = 1024


def check(status: Any, fields: Any) -> None:
    """Raises TypeError or ValueError for what no response may carry. What it has seen before costs it no regex."""
    if status not in _known_statuses:
        _check_status(status)
    if not isinstance(fields, list):
        raise TypeError(f"response fields are {_kind(fields)}, not a list")
    for field in fields:
        if not isinstance(field, tuple) or len(field) != 2:
            raise TypeError(f"response field {field!r} is not a tuple of name and value")
        name, value = field
        if name in _known_names and type(value) is str and value.isascii() and value.isprintable():
            continue
        _check_name(name)
        _check_value(name, value)


def _check_status(status: Any) -> None:
    if not isinstance(status, str):
        raise TypeError(f"status is {_kind(status)}, not str")
    if _STATUS.fullmatch(status) is None:
        raise ValueError(f"status {status!r} is not three digits, a space and a reason in latin-1")
    _remember(_known_statuses, status)


def _check_name(name: Any) -> None:
    if not isinstance(name, str):
        raise TypeError(f"name of response field {name!r} is {_kind(name)}, not str")
    if _NAME.fullmatch(name) is None:
        raise ValueError(f"response field name {name!r} is not a token")
    _remember(_known_names, name)


def _check_value(name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise TypeError(f"value of response field {name!r} is {_kind(value)}, not str")
    if _VALUE.fullmatch(value) is None:
        raise ValueError(f"value of response field {name!r} has control characters or is not latin-1: {value!r}")


def _remember(known: set[str], good: str) -> None:
    if len(known) < _KNOWN_BOUND:
        known.add(good)


def _kind(value: object) -> str:
    return "None" if value is None else f"of type {type(value).__name__}"


def plain(status: str, fields: Fields) -> tuple[str, Fields]:
    """Returns both free of subclasses (of str, such as Django's SafeString; of tuple), which marshal refuses."""
    as_str = str.__str__  # str() would return what the subclass's own __str__ does
    return as_str(status), [(as_str(name), as_str(value)) for name, value in fields]


def content_length(fields: Fields) -> int | None:
    """Returns what the Content-Length field says, or None where there is none or it is no number."""
    for name, value in fields:
        if len(name) == 14 and name.lower() == "content-length":
            # Eighteen digits are more than any body has; int() refuses some thousands of them with an exception.
            return int(value) if value.isascii() and value.isdigit() and len(value) <= 18 else None
    return None
