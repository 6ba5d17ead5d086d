"""Tests of the demo application, without a server: every answer passes wsgiref's validator."""
from __future__ import annotations

import hashlib
import importlib
import io
import json
import os
import pathlib
import re
import sys
import threading
import types
import unittest
from html import unescape
from unittest import mock
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

# As in a worker: the modules are parts of the package forebay, wherever their source came from.
HERE = pathlib.Path(__file__).parent
package = types.ModuleType("forebay")
package.__path__ = [str(HERE)]
sys.modules.setdefault("forebay", package)
demo = importlib.import_module("forebay.demo")
multipart = importlib.import_module("forebay.demo_multipart")
pages = importlib.import_module("forebay.demo_pages")

TOLD = {"forebay.version": "1.2.3", "forebay.workers": 3, "forebay.threads": 4, "forebay.worker": 2,
        "forebay.request_id": "r-77", "REMOTE_ADDR": "::1", "REMOTE_PORT": "5000"}
HOSTILE = """<script>alert("1")</script>&amp;'"""


class Answer:
    """One call of the application, as a server makes it."""

    def __init__(self, path="/", method="GET", body=b"", kind="", query="", **more):
        self.head = []
        environ = {"REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": query,
                   "wsgi.input": io.BytesIO(body)}
        if body or kind:
            environ.update(CONTENT_LENGTH=str(len(body)), CONTENT_TYPE=kind)
        environ.update(more)
        setup_testing_defaults(environ)
        chunks = validator(demo.app)(environ, self._start)
        try:
            self.chunks = list(chunks)
        finally:
            chunks.close()
        self.status, fields = self.head[-1]
        self.fields = dict(fields)
        self.body = b"".join(self.chunks)
        self.text = self.body.decode()

    def _start(self, status, fields, exc_info=None):
        self.head.append((status, fields))
        return self.head.append


def sent(*files, end=b"--\r\n"):
    """A multipart body of (field, file name or None, content)."""
    body = b""
    for field, name, content in files:
        filename = b"" if name is None else b'; filename="%b"' % name.encode()
        body += b'--edge\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n' % (
            field.encode(), filename, content)
    return body + b"--edge" + end


def upload(body):
    return Answer("/upload", "POST", body, "multipart/form-data; boundary=edge")


class Pages(unittest.TestCase):
    def test_every_page_answers_200(self):
        with mock.patch.object(demo, "TICK", 0):
            for path, methods in demo.ROUTES.items():
                if path == "/error":
                    continue
                with self.subTest(path):
                    answer = Answer(path)
                    self.assertEqual("200 OK", answer.status)
                    self.assertEqual("no-store", answer.fields["Cache-Control"])
                    self.assertTrue(answer.body)
                    if "Content-Length" in answer.fields:
                        self.assertEqual(len(answer.body), int(answer.fields["Content-Length"]))

    def test_every_link_of_a_page_leads_somewhere(self):
        static = {"/static/" + file.name for file in (HERE / "static").iterdir()}
        known = {*demo.ROUTES, *static, "/nowhere", "#main"}
        for path in ("/", "/form", "/upload", "/stream", "/slow", "/environ"):
            links = re.findall(r'(?:href|src|action|data-now|data-events)="([^"]*)"', Answer(path).text)
            self.assertGreater(len(links), 10)
            self.assertLessEqual(set(links), known, path)

    def test_links_stay_below_the_script_name(self):
        text = Answer("", SCRIPT_NAME="/a b").text
        self.assertIn('href="/a%20b/form"', text)
        self.assertIn('data-now="/a%20b/api/now"', text)

    def test_a_page_that_is_not_there_is_404(self):
        answer = Answer("/nowhere")
        self.assertEqual("404 Not Found", answer.status)
        self.assertIn("404 Not Found", answer.text)

    def test_a_wrong_method_is_405_with_allow(self):
        cases = {"only read": ("/environ", "POST", "GET, HEAD"), "read and sent": ("/form", "PUT", "GET, HEAD, POST")}
        for name, (path, method, allow) in cases.items():
            with self.subTest(name):
                answer = Answer(path, method)
                self.assertEqual("405 Method Not Allowed", answer.status)
                self.assertEqual(allow, answer.fields["Allow"])

    def test_head_has_the_length_of_get_and_no_body(self):
        answer = Answer("/form", "HEAD")
        self.assertEqual(b"", answer.body)
        self.assertEqual(Answer("/form").fields["Content-Length"], answer.fields["Content-Length"])

    def test_the_error_page_raises(self):
        with self.assertRaises(RuntimeError):
            Answer("/error")


class Now(unittest.TestCase):
    def test_what_the_server_tells_is_shown(self):
        text = Answer("/", **TOLD).text
        for fact in ("1.2.3", "r-77", "[::1]:5000", "worker 2", threading.current_thread().name, str(os.getpid())):
            self.assertIn(fact, text)
        self.assertEqual(3, text.count('class="unit"'))

    def test_what_the_server_does_not_tell_is_a_dash(self):
        facts = dict(re.findall(r'data-fact="(\w+)">(.*?)</dd>', Answer("/").text))
        self.assertEqual({"version", "workers", "threads", "worker", "request_id", "client"},
                         {key for key, value in facts.items() if value == "–"})

    def test_as_json(self):
        answer = Answer("/api/now", **TOLD)
        self.assertEqual("application/json", answer.fields["Content-Type"])
        now = json.loads(answer.text)
        self.assertEqual((3, 4, 2), (now["workers"], now["threads"], now["worker"]))
        self.assertEqual(now["served"] + 1, json.loads(Answer("/api/now").text)["served"])
        self.assertEqual(set(pages.LABELS), set(now) - {"seat", "by_thread"})

    def test_each_thread_has_its_own_count(self):
        before = json.loads(Answer("/api/now").text)
        answers = []
        thread = threading.Thread(target=lambda: answers.append(Answer("/api/now")))
        thread.start()
        thread.join()
        now = json.loads(answers[0].text)
        self.assertEqual(thread.name, now["thread"])
        self.assertEqual(1, now["by_thread"][now["seat"]])
        self.assertEqual(before["by_thread"], now["by_thread"][:len(before["by_thread"])])

    def test_a_server_that_makes_a_thread_for_each_request_fills_no_memory(self):
        tally = demo.Tally()
        for _ in range(demo.THREADS_REMEMBERED + 10):
            thread = threading.Thread(target=tally.count)
            thread.start()
            thread.join()
        facts = tally.facts()
        self.assertEqual(demo.THREADS_REMEMBERED, len(facts["by_thread"]))
        self.assertEqual(demo.THREADS_REMEMBERED + 10, facts["served"])

    def test_many_workers_and_threads_are_drawn_up_to_a_bound(self):
        text = Answer("/", **{"forebay.workers": 500, "forebay.threads": 500}).text
        self.assertEqual(pages.UNITS_SHOWN, text.count('class="unit"'))
        self.assertLess(len(text), 100_000)

    @unittest.skipUnless(hasattr(os, "fork"), "this system has no fork")
    def test_a_forked_process_counts_from_nothing(self):
        Answer("/api/now")
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(writer, Answer("/api/now").body)
            os._exit(0)
        os.close(writer)
        with open(reader) as pipe:
            self.assertEqual(1, json.load(pipe)["served"])
        os.waitpid(child, 0)


class Form(unittest.TestCase):
    KIND = "application/x-www-form-urlencoded"

    def test_the_fields_are_shown_escaped_and_in_order(self):
        body = b"b=%3Cscript%3Ealert(%221%22)%3C%2Fscript%3E%26amp%3B%27&a=%C3%B6+%E2%82%AC&b=&" + "ü=ß".encode()
        answer = Answer("/form", "POST", body, self.KIND)
        rows = re.findall(r'<th scope="row">(.*?)</th><td>(.*?)</td>', answer.text)
        self.assertNotIn("<script>alert", answer.text)
        self.assertEqual([("b", HOSTILE), ("a", "ö €"), ("b", ""), ("ü", "ß")],
                         [(unescape(key), unescape(value)) for key, value in rows])

    def test_refusals(self):
        cases = {
            "another type": (b"{}", "application/json", "415 Unsupported Media Type"),
            "too long": (b"a=" + b"b" * demo.FORM_LIMIT, self.KIND, "413 "),
            "too many fields": (b"a=b&" * demo.FIELDS_LIMIT + b"c=d", self.KIND, "400 Bad Request"),
        }
        for name, (body, kind, status) in cases.items():
            with self.subTest(name):
                self.assertTrue(Answer("/form", "POST", body, kind).status.startswith(status))


class Upload(unittest.TestCase):
    def test_name_size_and_sha256(self):
        contents = {
            "empty": b"",
            "small": b"hello",
            "with line breaks and hyphens": b"\r\n--edg\r\n--edgf\r\n\r\n--\r\n-",
            "larger than a piece": os.urandom(3 * multipart.PIECE + 17),
        }
        for name, content in contents.items():
            with self.subTest(name):
                text = upload(sent(("files", name, content))).text
                self.assertIn(f"<h2>{name}</h2>", text)
                self.assertIn(f"<dd>{len(content):,}</dd>", text)
                self.assertIn(hashlib.sha256(content).hexdigest(), text)

    def test_several_files_and_fields_between_them(self):
        text = upload(sent(("a", "one", b"1"), ("b", None, b"field"), ("c", "", b""), ("d", "two", b"22"))).text
        self.assertEqual(["one", "two"], re.findall(r"<h2>(.*?)</h2>", text))
        self.assertIn(hashlib.sha256(b"22").hexdigest(), text)

    def test_a_file_name_is_escaped(self):
        text = upload(sent(("files", "<b>ö&.txt", b"x"))).text
        self.assertIn("<h2>&lt;b&gt;ö&amp;.txt</h2>", text)

    def test_file_names_as_clients_write_them(self):
        cases = {
            "a token": (b'filename=a.txt; name="f"', "a.txt"),
            "a quoted quote": (rb'name=f; filename="a\"b;c.txt"', 'a"b;c.txt'),
            "a backslash": (rb'name=f; filename="C:\dir\a.txt"', r"C:\dir\a.txt"),
            "another case and spaces": (b'NAME="f" ;  FileName = "a.txt"', "a.txt"),
            "not UTF-8": (b'name=f; filename="\xff.txt"', "\N{REPLACEMENT CHARACTER}.txt"),
            "the first of two": (b"name=f; filename=a; filename=b", "a"),
        }
        for name, (parameters, expected) in cases.items():
            with self.subTest(name):
                body = b"--edge\r\nX: y\r\ncontent-disposition: Form-Data; %b\r\n\r\nz\r\n--edge--" % parameters
                [part] = multipart.parts(io.BytesIO(body), len(body), b"edge")
                self.assertEqual(("f", expected), (part.name, part.filename))

    def test_a_quoted_boundary(self):
        self.assertEqual(b"a b;c", multipart.boundary_of('Multipart/Form-Data; charset=x; boundary="a b;c"'))

    def test_no_file(self):
        self.assertIn("No file was chosen.", upload(sent(("files", "", b""))).text)

    def test_too_many_parts(self):
        for name in ("x", "", None):
            with self.subTest(name):
                body = sent(*[("files", name, b"")] * (demo.PARTS_LIMIT + 1))
                self.assertTrue(upload(body).status.startswith("413 "))

    def test_what_is_not_multipart_is_400(self):
        whole = sent(("files", "x", b"content"))
        bodies = {
            "empty": b"",
            "no boundary in it": b"hello",
            "no last delimiter": sent(("files", "x", b"content"), end=b""),
            "one hyphen at the end": sent(end=b"-"),
            "no Content-Disposition": b"--edge\r\nA: b\r\n\r\nc\r\n--edge--",
            "text behind a delimiter": b"--edge?\r\n" + whole[8:],
            "a head without end": b"--edge\r\n" + b"A: b\r\n" * multipart.HEAD_LIMIT,
        }
        for name, body in bodies.items():
            with self.subTest(name):
                self.assertEqual("400 Bad Request", upload(body).status)
        for kind in ("", "text/plain", "multipart/form-data", "multipart/form-data; boundary=" + "b" * 71):
            with self.subTest(kind):
                self.assertEqual("400 Bad Request", Answer("/upload", "POST", whole, kind).status)

    def test_every_cut_of_a_body_is_noticed(self):
        whole = sent(("files", "x", b"content\r\n--edg"), end=b"--")
        for size in range(len(whole)):
            self.assertEqual("400 Bad Request", upload(whole[:size]).status, whole[:size])
        self.assertEqual("200 OK", upload(whole).status)


class Multipart(unittest.TestCase):
    class Stream(io.BytesIO):
        """A stream that gives little at a time, and fails if it is read beyond the body."""

        def __init__(self, body, most):
            super().__init__(body + b"not ours")
            self.left, self.most = len(body), most

        def read(self, size):
            if size > self.left:
                raise AssertionError("read beyond CONTENT_LENGTH")
            data = super().read(min(size, self.most))
            self.left -= len(data)
            return data

    def test_the_size_of_a_read_makes_no_difference(self):
        content = b"\r\n--edg--edge\r\n\r\r\n--" * 3
        body = b"preamble" + b"\r\n" + sent(("f", "x", content), ("g", None, b"v")) + b"epilogue"
        for most in (1, 2, 3, 5, 7, 64, 1000):
            found = [(part.name, part.filename, b"".join(part.pieces))
                     for part in multipart.parts(self.Stream(body, most), len(body), b"edge")]
            self.assertEqual([("f", "x", content), ("g", None, b"v")], found, most)

    def test_a_part_that_is_not_read_is_skipped(self):
        body = sent(("f", "x", b"1" * 1000), ("g", "y", b"2"))
        names = [part.name for part in multipart.parts(self.Stream(body, 10), len(body), b"edge")]
        self.assertEqual(["f", "g"], names)

    def test_a_large_file_is_never_held_whole(self):
        body = sent(("f", "x", bytes(20 * multipart.PIECE)))
        for part in multipart.parts(io.BytesIO(body), len(body), b"edge"):
            self.assertLessEqual(max(map(len, part.pieces)), 2 * multipart.PIECE)


class Streams(unittest.TestCase):
    def setUp(self):
        patch = mock.patch.object(demo, "TICK", 0)
        patch.start()
        self.addCleanup(patch.stop)

    def test_events_come_one_by_one_and_end(self):
        answer = Answer("/stream/events", **TOLD)
        self.assertEqual("text/event-stream", answer.fields["Content-Type"])
        self.assertNotIn("Content-Length", answer.fields)
        events = [json.loads(chunk[len(b"data: "):]) for chunk in answer.chunks[:-1]]
        self.assertEqual(list(range(1, demo.TICKS + 1)), [event["tick"] for event in events])
        self.assertEqual(2, events[0]["worker"])
        self.assertEqual(b"event: end\ndata: {}\n\n", answer.chunks[-1])

    def test_plain(self):
        answer = Answer("/stream/plain")
        self.assertEqual(demo.TICKS, len(answer.chunks))
        self.assertEqual("tick 1 of 10\n", answer.chunks[0].decode())

    def test_head_starts_no_stream(self):
        self.assertEqual([], Answer("/stream/events", "HEAD").chunks)


class Slow(unittest.TestCase):
    def test_it_sleeps_as_long_as_asked(self):
        for query, seconds in {"seconds=0": 0, "seconds=2.5": 2.5, "seconds=10": 10}.items():
            with self.subTest(query), mock.patch.object(demo.time, "sleep") as sleep:
                text = Answer("/slow", query=query).text
                sleep.assert_called_once_with(seconds)
                self.assertIn(f"slept for {seconds:g} s", text)

    def test_it_sleeps_only_when_asked(self):
        with mock.patch.object(demo.time, "sleep") as sleep:
            self.assertIn("Nothing sleeps yet.", Answer("/slow").text)
            sleep.assert_not_called()

    def test_it_refuses_what_is_no_number_from_0_to_10(self):
        for text in ("-1", "10.1", "nan", "inf", "1e9", "x", HOSTILE):
            with self.subTest(text), mock.patch.object(demo.time, "sleep") as sleep:
                self.assertEqual("400 Bad Request", Answer("/slow", query="seconds=" + text).status)
                sleep.assert_not_called()


class ShownEnviron(unittest.TestCase):
    def test_every_key_sorted_and_escaped(self):
        text = Answer("/environ", HTTP_X_EVIL=HOSTILE, **TOLD).text
        keys = [unescape(key) for key in re.findall(r'<th scope="row">(.*?)</th>', text)]
        self.assertEqual(sorted(keys), keys)
        self.assertLessEqual({"HTTP_X_EVIL", "wsgi.input", "forebay.worker"}, set(keys))
        self.assertNotIn("<script>alert", text)
        self.assertIn(repr(HOSTILE), unescape(text))

    def test_the_process_environment_is_kept_back(self):
        with mock.patch.dict(os.environ, {"DEMO_SECRET": "hidden"}):
            self.assertNotIn("hidden", Answer("/environ", DEMO_SECRET="hidden").text)


if __name__ == "__main__":
    unittest.main()
