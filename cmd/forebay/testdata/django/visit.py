"""Uses the Django application at the address in argv as a person with "requests" would. Silent if all is well."""

import hashlib
import os
import re
import sys

import requests

BASE = sys.argv[1]


def token(page):
    return re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[1]


def get(session, path, **options):
    page = session.get(BASE + path, timeout=60, **options)
    assert page.status_code == 200, (path, page.status_code, page.text[:500])
    return page


def log_in(session):
    page = get(session, "/admin/login/?next=/admin/")
    form = {"csrfmiddlewaretoken": token(page), "username": "admin", "password": "correct horse", "next": "/admin/"}
    page = session.post(BASE + "/admin/login/", data=form, timeout=60)
    assert page.status_code == 200 and page.url == BASE + "/admin/", (page.status_code, page.url)
    assert "Site administration" in page.text
    assert "sessionid" in session.cookies


def keep_a_note(session):
    text = "bread & “jam” from requests"
    page = get(session, "/notes/")
    page = session.post(BASE + "/notes/", data={"csrfmiddlewaretoken": token(page), "text": text}, timeout=60)
    assert [answer.status_code for answer in page.history] == [302]
    assert "The note is kept." in page.text
    assert "bread &amp; “jam” from requests" in page.text


def refused_without_token(session):
    page = session.post(BASE + "/notes/", data={"text": "forged"}, timeout=60)
    assert page.status_code == 403, page.status_code


def upload_and_download(session):
    content = os.urandom(3_000_000)  # above what forebay and Django hold in memory
    digest = hashlib.sha256(content).hexdigest()
    page = get(session, "/documents/")
    page = session.post(
        BASE + "/documents/",
        data={"csrfmiddlewaretoken": token(page), "title": "random"},
        files={"file": ("random.bin", content, "application/octet-stream")},
        timeout=60,
    )
    assert page.status_code == 200, (page.status_code, page.text[:500])
    assert page.headers["X-Sha256"] == digest
    assert page.headers["Content-Length"] == str(len(content))
    assert "attachment" in page.headers["Content-Disposition"]
    assert page.content == content


def send_chunks(session):
    pieces = [b"one ", b"two ", b"three"]
    page = session.put(BASE + "/echo/chunks/", data=iter(pieces), timeout=60)
    assert page.json()["length"] == "13", page.json()
    assert page.json()["sha256"] == hashlib.sha256(b"".join(pieces)).hexdigest()


def fetch_static(session):
    page = get(session, "/static/library/style.css")
    assert page.headers["Content-Type"].startswith("text/css")
    assert "font-family" in page.text


with requests.Session() as visitor:
    log_in(visitor)
    keep_a_note(visitor)
    refused_without_token(visitor)
    upload_and_download(visitor)
    send_chunks(visitor)
    fetch_static(visitor)
