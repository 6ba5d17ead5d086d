"""The demo application's HTML. Whatever is put into a page is escaped, unless it is Html already."""
from __future__ import annotations

from html import escape
from string import Template
from typing import Any, Iterable, Mapping, Optional

DASH = "–"
UNITS_SHOWN = 24
LAMPS_SHOWN = 32


class Html(str):
    """Text that is HTML already."""


def fill(template: Template, **values: Any) -> Html:
    return Html(template.substitute({key: _escaped(value) for key, value in values.items()}))


def rows(template: Template, pairs: Iterable[tuple[Any, Any]]) -> Html:
    return Html("".join(fill(template, key=key, value=value) for key, value in pairs))


def shown(value: Any) -> str:
    """What a page says of a fact that may be missing."""
    return DASH if value is None or value == "" else str(value)


def _escaped(value: Any) -> str:
    return value if isinstance(value, Html) else escape(str(value))


# --- the frame of every page ---

LAYOUT = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title · forebay</title>
<link rel="icon" href="/static/logo.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/demo.css">
<script type="module" src="/static/demo.js"></script>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<a class="brand" href="$root/"><img src="/static/logo.svg" alt="" width="32" height="32">forebay</a>
<nav aria-label="Pages"><ul>$links</ul></nav>
</header>
<main id="main">
$main
</main>
<footer>
<p>This page was made by worker <b>$worker</b> (process $pid), thread <b>$thread</b>.</p>
<p>Request id <code>$request_id</code></p>
</footer>
</body>
</html>
""")

LINK = Template("""<li><a href="$href"$current>$text</a></li>
""")

HEAD = Template("""<div class="head"><h1>$title</h1>
<p>$lead</p></div>
""")

NAVIGATION = (("/", "Now"), ("/form", "Form"), ("/upload", "Upload"), ("/stream", "Stream"), ("/slow", "Slow"),
              ("/environ", "Environ"))


def page(now: Mapping[str, Any], root: str, path: str, title: str, main: Html, lead: Optional[str] = None) -> Html:
    """A whole page. lead is the sentence below its title; a page without one brings its own head."""
    head = fill(HEAD, title=title, lead=lead) if lead else Html()
    return fill(LAYOUT, title=title, root=root, links=_links(root, path), main=Html(head + main),
                **{key: shown(now[key]) for key in ("worker", "pid", "thread", "request_id")})


def _links(root: str, path: str) -> Html:
    here = Html(' aria-current="page"')
    return Html("".join(fill(LINK, href=root + target, text=text, current=here if target == path else "")
                        for target, text in NAVIGATION))


# --- / ---

HOME = Template("""<div class="hero">
<div>
<h1>Still water in front of your Python</h1>
<p>A forebay is the pool in front of a power station’s turbines: it takes the river as it comes and gives the turbines
even water. This one takes clients as they come, and gives your WSGI application whole requests, one for each thread
that is free.</p>
</div>
<figure>
<img src="/static/station.svg" width="720" height="300"
 alt="Section through a power station: a river flows into a pool, a pipe leads down from it to a turbine.">
<figcaption><ol>
<li><b>Clients</b>, fast and slow</li>
<li><b>The pool</b> reads each request to its end</li>
<li><b>The queue</b>, bounded in length and age</li>
<li><b>Python’s threads</b> answer</li>
</ol></figcaption>
</figure>
</div>
<section aria-labelledby="station">
<h2 id="station">The station now</h2>
<p>Each unit is one Python process, each lamp one of its threads, with the requests it has answered. This page
knows the units that have answered you.</p>
<ul class="units">$units</ul>
<form class="ask" action="$root/" data-now="$root/api/now">
<button>Ask again</button>
<button type="button" class="quiet" data-times="40" hidden>Ask 40 times at once</button>
<p role="status">Worker $worker, thread $thread, answered.</p>
</form>
</section>
<section aria-labelledby="answer">
<h2 id="answer">The last answer</h2>
<dl class="facts">$facts</dl>
</section>
<section aria-labelledby="try">
<h2 id="try">Try it</h2>
<ul class="cards">
<li><a href="$root/form">A form</a><p>Send fields, see what the application got.</p></li>
<li><a href="$root/upload">An upload</a><p>Send files, see their size and SHA-256.</p></li>
<li><a href="$root/stream">A stream</a><p>Ten ticks, a second apart, each here when it is sent.</p></li>
<li><a href="$root/slow">A slow page</a><p>One thread sleeps; see what the others do.</p></li>
<li><a href="$root/error">An error</a><p>The application raises. The answer names a request id and nothing else; the
log has the traceback under the same id.</p></li>
<li><a href="$root/environ">The environ</a><p>All that the application is told about a request.</p></li>
<li><a href="/static/station.svg">A static file</a><p>Served by forebay itself; no Python is asked.</p></li>
<li><a href="$root/nowhere">A page that is not there</a><p>The application answers 404.</p></li>
</ul>
</section>
""")

FACT = Template("""<div><dt>$label</dt><dd data-fact="$key">$value</dd></div>
""")

UNIT = Template("""<li class="unit"$who><span class="wheel"></span>
<p><b>$name</b> <span>$pid</span></p>
<p class="lamps">$lamps</p></li>
""")

LAMP = Template("""<span$lit>$count</span>""")

LABELS = {"version": "forebay", "workers": "Workers", "threads": "Threads in each", "worker": "Worker",
          "pid": "Process", "thread": "Thread", "python": "Python", "gil": "GIL", "served": "Served by this process",
          "uptime": "Process is up", "request_id": "Request id", "client": "Your address", "protocol": "Protocol"}


def home(now: Mapping[str, Any], root: str) -> Html:
    facts = "".join(fill(FACT, label=label, key=key, value=shown(now[key])) for key, label in LABELS.items())
    return fill(HOME, root=root, units=_units(now), facts=Html(facts), worker=shown(now["worker"]),
                thread=shown(now["thread"]))


def _units(now: Mapping[str, Any]) -> Html:
    """The unit that answers, and a dark one for each of the other workers."""
    lamps = min(max(now["threads"] or 0, len(now["by_thread"])), LAMPS_SHOWN)
    who = Html(f' data-worker="{escape(str(now["worker"]))}" data-lit')
    met = fill(UNIT, who=who, name=f"worker {shown(now['worker'])}", pid=f"pid {now['pid']}",
               lamps=_lamps(lamps, now["by_thread"], now["seat"]))
    dark = fill(UNIT, who="", name="worker", pid="not met yet", lamps=_lamps(lamps, (), None))
    return Html(met + dark * (min(now["workers"] or 1, UNITS_SHOWN) - 1))


def _lamps(size: int, counts: Iterable[int], seat: Optional[int]) -> Html:
    known = [*counts, *[Html("&nbsp;")] * size][:size]
    return Html("".join(fill(LAMP, count=count, lit=Html(" data-lit") if place == seat else "")
                        for place, count in enumerate(known)))


# --- /form ---

FORM = Template("""<form class="sheet" method="post" action="$root/form" accept-charset="utf-8">
<label for="station-name">Station</label>
<input id="station-name" name="station" autocomplete="off" value="Niederwartha &amp; Söhne">
<label for="level">Level of the pool, in metres</label>
<input id="level" name="level" type="number" step="0.1" value="12.5">
<label for="report">Report</label>
<textarea id="report" name="report" rows="4">Trash rack cleaned. Inflow &lt; outflow.</textarea>
<fieldset><legend>Gates that are open</legend>
<label><input type="checkbox" name="gate" value="1" checked> Gate 1</label>
<label><input type="checkbox" name="gate" value="2" checked> Gate 2</label>
<label><input type="checkbox" name="gate" value="3"> Gate 3</label>
</fieldset>
<button>Send</button>
</form>
""")

TABLE = Template("""<div class="wide" role="region" aria-label="$caption" tabindex="0">
<table><caption>$caption</caption>
<thead><tr><th scope="col">$first</th><th scope="col">$second</th></tr></thead>
<tbody>
$rows</tbody></table></div>
""")

ROW = Template("""<tr><th scope="row">$key</th><td>$value</td></tr>
""")

BACK = Template("""<p><a href="$href">$text</a></p>
""")


def table(caption: str, first: str, second: str, pairs: Iterable[tuple[Any, Any]]) -> Html:
    return fill(TABLE, caption=caption, first=first, second=second, rows=rows(ROW, pairs))


def back(href: str, text: str) -> Html:
    return fill(BACK, href=href, text=text)


# --- /upload ---

UPLOAD = Template("""<form class="sheet" method="post" action="$root/upload" enctype="multipart/form-data">
<label for="files">Files</label>
<input id="files" name="files" type="file" multiple required>
<button>Send</button>
</form>
<section class="prose">
<h2>What happens</h2>
<p>forebay takes the upload to its end before Python hears of it: into memory up to 128&nbsp;KiB, then into a temporary
file without a name. A slow line therefore holds no thread. The application reads <code>wsgi.input</code> in small
pieces, and keeps none.</p>
<p>The whole body may have 16&nbsp;MiB unless <code>body_size</code> says otherwise. A larger one is answered
<b>413</b>, and when its length is known, before it is sent.</p>
</section>
""")

UPLOADED = Template("""<section class="sheet" aria-label="$name">
<h2>$name</h2>
<dl class="facts"><div><dt>Size in bytes</dt><dd>$size</dd></div>
<div><dt>Read by Python in</dt><dd>$took ms</dd></div>
<div class="whole"><dt>SHA-256</dt><dd>$sha256</dd></div></dl>
</section>
""")

# --- /stream ---

STREAM = Template("""<section class="sheet" id="stream" data-events="$root/stream/events">
<p role="status">Ticks are shown here by JavaScript.</p>
<ol class="ticks"></ol>
<button type="button" hidden>Start again</button>
</section>
<section class="prose">
<h2>What happens</h2>
<p>The application yields a line, sleeps a second, and yields the next: an event stream (<code>text/event-stream</code>)
without any setting. What is in the pool is sent at once, so each tick is here when it is made.</p>
<p>The same as plain text, <a href="$root/stream/plain">in the browser</a> or in a terminal:</p>
<pre><code>curl -N $address/stream/plain</code></pre>
</section>
""")

# --- /slow ---

SLOW = Template("""<form class="sheet" id="slow" action="$root/slow" data-now="$root/api/now">
<label for="seconds">Seconds to sleep, 0 to $longest</label>
<input id="seconds" name="seconds" type="number" min="0" max="$longest" step="0.5" value="3" required>
<button>Sleep</button>
<p role="status">$said</p>
<div class="marks" aria-hidden="true"></div>
</form>
<section class="prose">
<h2>What happens to other requests meanwhile</h2>
<p>Nothing. One thread sleeps; every other thread of every worker goes on answering$capacity. Should all of them sleep
at once, further requests wait in the queue, first come first served, and a request that has waited too long is told
when to come again: <b>503</b> with <code>Retry-After</code>.</p>
<p>With JavaScript this page asks <code>/api/now</code> all the while, and draws each answer as a mark. Without it, open
a second tab.</p>
</section>
""")
