"""Writes python/testdata/frames: one file of bytes for each frame, and beside it what the bytes say.

Both halves of the wire are tested against these files. Run from python/worker: python3 -m tests.golden
"""

from __future__ import annotations

import json
import marshal
import struct
from pathlib import Path
from typing import Any, NamedTuple

DIRECTORY = Path(__file__).parents[2] / "testdata" / "frames"

TO_WORKER = "to worker"
TO_MASTER = "to master"

# Numbers and names as in python/doc.go. They are not taken from the worker program, which is tested against them.
KINDS = {
    "REQUEST": 1,
    "RESPONSE": 16, "HEAD": 17, "CHUNK": 18, "END": 19, "ABORT": 20, "ERROR": 21, "WANT": 22, "IDLE": 23,
    "SHARED": 24,
    "SOURCES": 31, "BOOT": 32, "CANCEL": 33, "DRAIN": 34, "RECALL": 35, "INTERRUPT": 36, "FORK": 37, "SERVING": 38, "STACK": 39,
    "PING": 40,
    "READY": 48, "FAILED": 49, "RECALLED": 50, "INTERRUPTED": 51, "FORKED": 52, "MODULES": 53, "STACKS": 54, "PONG": 55,
}  # fmt: skip

# Kinds whose payload is bytes as they are, or nothing. All others are marshal.
RAW = {"CHUNK", "SHARED"}
EMPTY = {"END", "WANT", "IDLE", "DRAIN", "SERVING", "STACK", "PING", "PONG"}


class Golden(NamedTuple):
    """What one frame says."""

    direction: str
    kind: str
    flags: int
    value: Any


_FULL_ENVIRON = {
    "REQUEST_METHOD": "POST",
    "PATH_INFO": "/caf\xc3\xa9/\xff",
    "QUERY_STRING": "a=1&b=%20",
    "RAW_URI": "/caf%C3%A9/%FF?a=1&b=%20",
    "REQUEST_URI": "/caf%C3%A9/%FF?a=1&b=%20",
    "SERVER_NAME": "example.org",
    "SERVER_PORT": "443",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "REMOTE_ADDR": "2001:db8::1",
    "REMOTE_PORT": "53124",
    "forebay.request_id": "0123456789abcdef",
    "CONTENT_TYPE": "application/octet-stream",
    "CONTENT_LENGTH": "256",
    "wsgi.url_scheme": "https",
    "HTTP_HOST": "example.org",
    "HTTP_ACCEPT": "text/html, */*;q=0.8",
    "HTTP_COOKIE": "a=1; b=2",
    "HTTP_X_LATIN": "caf\xe9 \x80\xff",
    "HTTP_X_EMPTY": "",
}

SAMPLE = {
    "none": None, "true": True, "false": False, "int": -123456, "bytes": b"\x00\x01\xff",
    "text": "forebay \xe9 \u20ac", "tuple": ("a", 1, ()), "list": ["b", []], "dict": {"k": "v"},
}  # fmt: skip

_BOOT = {
    "spec": "shop:create_app()",
    "path": ["/srv/shop", "/srv/lib"],
    "name": "shop",
    "hooks": "/srv/hooks.py",
    "master": 4241,
    "age": 7,
    "template": False,
    "slots": [(4, 5, 6), (7, 8, 9)],
    "dump": 10,
    "marks": 11,
    "environ": {"SERVER_SOFTWARE": "forebay", "SCRIPT_NAME": "/shop", "wsgi.multiprocess": True},
    "sample": SAMPLE,
}

FRAMES: dict[str, Golden] = {
    "request_empty": Golden(TO_WORKER, "REQUEST", 0, ({}, b"")),
    "request_full": Golden(TO_WORKER, "REQUEST", 0, (_FULL_ENVIRON, bytes(range(256)))),
    "request_file": Golden(TO_WORKER, "REQUEST", 1, ({"REQUEST_METHOD": "PUT", "CONTENT_LENGTH": "1048576"}, None)),
    "boot": Golden(TO_WORKER, "BOOT", 0, _BOOT),
    "boot_template": Golden(
        TO_WORKER, "BOOT", 0, {**_BOOT, "slots": [], "dump": 0, "marks": 0, "age": 0, "hooks": "", "template": True}
    ),
    "fork": Golden(TO_WORKER, "FORK", 0, {**_BOOT, "slots": [(1, 2, 3), (4, 5, 6)], "dump": 7, "marks": 8, "descriptors": 12}),
    "serving": Golden(TO_WORKER, "SERVING", 0, None),
    "stack": Golden(TO_WORKER, "STACK", 0, None),
    "ping": Golden(TO_WORKER, "PING", 0, None),
    "sources": Golden(
        TO_WORKER, "SOURCES", 0, {"forebay": '"""\xe9"""\n', "forebay.loop": "def main(control):\n    pass\n"}
    ),
    "cancel": Golden(TO_WORKER, "CANCEL", 0, (1, 4711)),
    "recall": Golden(TO_WORKER, "RECALL", 0, (0, 4711)),
    "interrupt": Golden(TO_WORKER, "INTERRUPT", 0, (1, 4711, True)),
    "drain": Golden(TO_WORKER, "DRAIN", 0, None),
    "response_small": Golden(
        TO_MASTER, "RESPONSE", 1, ("200 OK", [("Content-Type", "text/plain")], b"Hello, world!\n")
    ),
    "response_busy": Golden(TO_MASTER, "RESPONSE", 0, ("204 No Content", [], b"")),
    "response_cookies": Golden(
        TO_MASTER,
        "RESPONSE",
        1,
        (
            "302 Found",
            [("Set-Cookie", "b=2; Path=/"), ("Location", "/caf\xe9"), ("Set-Cookie", "a=1; Path=/")],
            bytes(range(256)),
        ),
    ),
    "head": Golden(TO_MASTER, "HEAD", 0, ("200 OK", [("Content-Type", "text/event-stream")])),
    "head_file": Golden(TO_MASTER, "HEAD", 2, ("200 OK", [("Content-Type", "video/mp4")], "5000000000", "123")),
    "chunk": Golden(TO_MASTER, "CHUNK", 0, b"data: tick\n\n\x00\xff"),
    "shared": Golden(TO_MASTER, "SHARED", 0, b"\x02\x01\x10\x00"),
    "end": Golden(TO_MASTER, "END", 0, None),
    "end_free": Golden(TO_MASTER, "END", 1, None),
    "abort": Golden(TO_MASTER, "ABORT", 0, ("client gone",)),
    "error": Golden(TO_MASTER, "ERROR", 1, ("ValueError: caf\xe9 \u20ac \U0001f30a\n",)),
    "want": Golden(TO_MASTER, "WANT", 0, None),
    "idle": Golden(TO_MASTER, "IDLE", 0, None),
    "ready": Golden(
        TO_MASTER,
        "READY",
        0,
        {
            "python": "3.11.7",
            "implementation": "CPython",
            "executable": "/usr/bin/python3",
            "pid": 4242,
            "gil": True,
            "interrupts": True,
            "threads": [4243, 4244],
            "dump_signal": 62,
            "sample": SAMPLE,
        },
    ),
    "ready_template": Golden(
        TO_MASTER,
        "READY",
        0,
        {
            "python": "3.11.7",
            "implementation": "CPython",
            "executable": "/usr/bin/python3",
            "pid": 4242,
            "gil": True,
            "sample": SAMPLE,
            "strays": ["Thread-1 (poll)", "rdk:main"],
        },
    ),
    "forked": Golden(TO_MASTER, "FORKED", 0, (4243, "")),
    "forked_not": Golden(TO_MASTER, "FORKED", 0, (0, "[Errno 11] Resource temporarily unavailable")),
    "recalled": Golden(TO_MASTER, "RECALLED", 0, (0, 4709)),
    "interrupted": Golden(
        TO_MASTER,
        "INTERRUPTED",
        0,
        (1, -2, 'Stack (most recent call last):\n  File "caf\xe9.py", line 3, in view\n', "raised"),
    ),
    "stacks": Golden(
        TO_MASTER,
        "STACKS",
        0,
        [(0, "forebay-0", '  File "caf\xe9.py", line 3, in view\n'), (1, "forebay-1", ""), (-1, "poll", '  File "p.py", line 1, in p\n')],
    ),
    "pong": Golden(TO_MASTER, "PONG", 0, None),
    "modules": Golden(TO_MASTER, "MODULES", 0, [b"/srv/shop/shop.py", b"/srv/shop/caf\xc3\xa9.py", b"/srv/\xff.py"]),
    "failed": Golden(TO_MASTER, "FAILED", 0, ("ModuleNotFoundError: No module named 'shop'\n",)),
}


def encode(golden: Golden) -> bytes:
    if golden.kind in EMPTY:
        payload = b""
    elif golden.kind in RAW:
        payload = golden.value
    else:
        payload = marshal.dumps(golden.value, 2)
    return struct.pack("<IBB", len(payload), KINDS[golden.kind], golden.flags) + payload


def describe(golden: Golden) -> str:
    facts = {"direction": golden.direction, "kind": golden.kind, "flags": golden.flags, "value": simple(golden.value)}
    return json.dumps(facts, indent=2) + "\n"


def simple(value: Any) -> Any:
    """Returns value as JSON can say it: tuples as lists, and bytes as {"bytes": text in latin-1}."""
    if isinstance(value, bytes):
        return {"bytes": value.decode("latin-1")}
    if isinstance(value, (tuple, list)):
        return [simple(item) for item in value]
    if isinstance(value, dict):
        return {key: simple(item) for key, item in value.items()}
    return value


def main() -> None:
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    for name, golden in FRAMES.items():
        (DIRECTORY / f"{name}.bin").write_bytes(encode(golden))
        (DIRECTORY / f"{name}.json").write_text(describe(golden), encoding="utf-8")


if __name__ == "__main__":
    main()
