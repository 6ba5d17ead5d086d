"""A shop that writes each order into a book before and after it works on it, so that orders can be counted that were lost
or run twice. "ledger.py create" makes the book beside this file, and "ledger.py dump" prints what it holds as JSON."""

import json
import os
import sqlite3
import sys
import threading
import time

BOOK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ledger.db")
BODY = b"Hello, world!\n"
WORK = 0.005  # seconds: what is killed shall sometimes be at work
TABLES = ("begun", "ended")
own = threading.local()


def book():
    """This thread's connection. Only the machine's end could take what is committed, so it is not written through."""
    if not hasattr(own, "book"):
        own.book = sqlite3.connect(BOOK, timeout=30, isolation_level=None)
        own.book.execute("PRAGMA synchronous=OFF")
    return own.book


def order(name):
    book().execute("INSERT INTO begun VALUES (?)", (name,))
    time.sleep(WORK)
    book().execute("INSERT INTO ended VALUES (?)", (name,))
    return name.encode()


def application(environ, start_response):
    if environ["REQUEST_METHOD"] == "POST":
        body = order(environ["wsgi.input"].read().decode())
    else:
        time.sleep(WORK)
        body = BODY
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def create():
    book().execute("PRAGMA journal_mode=WAL")  # stays: readers and the writer do not wait for each other
    for table in TABLES:
        book().execute("CREATE TABLE %s (name TEXT)" % table)


def dump():
    counts = {}
    for table in TABLES:
        counts[table] = dict(book().execute("SELECT name, COUNT(*) FROM %s GROUP BY name" % table))
    json.dump(counts, sys.stdout)


if __name__ == "__main__":
    {"create": create, "dump": dump}[sys.argv[1]]()
