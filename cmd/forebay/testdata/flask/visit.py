"""Uses the Flask application at the address in argv as a person with "requests" would. Silent if all is well."""

import hashlib
import os
import sys

import requests

BASE = sys.argv[1]


def fill_the_basket(session):
    for article in ("tea", "crème brûlée"):
        answer = session.post(BASE + "/basket/", data={"article": article}, timeout=60)
        assert answer.status_code == 201, (answer.status_code, answer.text)
    assert session.get(BASE + "/basket/", timeout=60).json() == ["tea", "crème brûlée"]


def add_numbers(session):
    answer = session.post(BASE + "/json", json={"numbers": [1, 2, 39]}, timeout=60)
    assert answer.json() == {"sum": 42, "numbers": [1, 2, 39]}
    assert float(answer.headers["X-Took"]) >= 0


def upload_and_download(session):
    content = os.urandom(1_000_000)
    answer = session.post(BASE + "/files/", files={"file": ("random.bin", content)}, timeout=60)
    assert answer.status_code == 201, (answer.status_code, answer.text)
    assert answer.json() == {"name": "random.bin", "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}

    whole = session.get(BASE + "/files/random.bin", timeout=60)
    assert whole.content == content
    part = session.get(BASE + "/files/random.bin", headers={"Range": "bytes=100-199"}, timeout=60)
    assert part.status_code == 206 and part.content == content[100:200]
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(content)}"
    known = session.get(BASE + "/files/random.bin", headers={"If-None-Match": whole.headers["ETag"]}, timeout=60)
    assert known.status_code == 304 and known.content == b""


def put_chunks(session):
    answer = session.put(BASE + "/files/chunks", data=iter([b"x" * 1000] * 300), timeout=60)
    assert answer.json() == {"size": 300_000, "announced": 300_000}, answer.json()


def meet_the_error_handlers(session):
    answer = session.get(BASE + "/nothing/here", timeout=60)
    assert answer.status_code == 404 and answer.json()["path"] == "/nothing/here"


with requests.Session() as visitor:
    fill_the_basket(visitor)
    add_numbers(visitor)
    upload_and_download(visitor)
    put_chunks(visitor)
    meet_the_error_handlers(visitor)
