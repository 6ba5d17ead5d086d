// --- the four charts, which share a place in time ---

const descriptions = [
  { title: "Requests per second", scale: "linear", least: 10, format: rate, lines: [
    { name: "main", label: "requests", value: (entry) => entry.requests },
    { name: "bad", label: "errors", value: (entry) => entry.errors },
  ] },
  { title: "Latency", scale: "log", format: duration, tick, lines: [
    { name: "second", label: "p99", value: (entry) => entry.requests ? entry.p99 : null },
    { name: "main", label: "p50", value: (entry) => entry.requests ? entry.p50 : null },
  ] },
  { title: "Queue wait", scale: "linear", least: 0.01, format: duration, tick, lines: [
    { name: "main", label: "p99", value: (entry) => entry.queue_p99 },
  ] },
  { title: "Busy slots", scale: "linear", least: 1, format: rate, level: (status) => status.slots?.total ?? null, lines: [
    { name: "main", label: "busy", value: (entry) => entry.busy },
  ] },
];

class Charts {
  constructor() {
    this.series = new Series();
    this.status = null;
    this.chosen = null; // a second of unix time, or null for the newest
    this.parent = byId("charts");
    this.charts = descriptions.map((description) => new Chart(this.parent, description));
    const byPlot = new Map(this.charts.map((chart) => [chart.plot, chart]));
    const watch = new ResizeObserver((changes) => {
      for (const { target, contentRect } of changes) {
        byPlot.get(target).resize(Math.round(contentRect.width), Math.round(contentRect.height));
      }
      this.draw();
    });
    for (const chart of this.charts) {
      watch.observe(chart.plot);
      this.listen(chart);
    }
    this.table = byId("history");
    this.rows = new Rows(this.table.querySelector("tbody"), makeCells(7), updateHistory);
    this.table.addEventListener("toggle", () => this.drawTable());
  }

  // listen lets a pointer and the keys choose a second, for all charts at once.
  listen(chart) {
    const { plot } = chart;
    const point = (event) => this.choose(chart.index(event.clientX - plot.getBoundingClientRect().left));
    plot.addEventListener("pointermove", point);
    plot.addEventListener("pointerdown", point);
    plot.addEventListener("pointerleave", () => { if (document.activeElement !== plot) this.choose(null); });
    plot.addEventListener("blur", () => this.choose(null));
    plot.addEventListener("keydown", (event) => {
      const to = this.key(event.key);
      if (to === undefined) return;
      event.preventDefault();
      this.choose(to);
    });
  }

  // key is the second that a key leads to, null for the newest, undefined for a key that leads nowhere.
  key(name) {
    const now = this.index();
    const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -30, PageUp: 30 }[name];
    if (step) return Math.min(seconds - 1, Math.max(0, now + step));
    return { Home: 0, End: null, Escape: null }[name];
  }

  index() {
    if (this.chosen === null) return seconds - 1;
    return Math.min(seconds - 1, Math.max(0, this.chosen - this.series.time(0)));
  }

  choose(index) {
    this.chosen = index === null ? null : this.series.time(index);
    this.point();
  }

  point() {
    const index = this.index();
    for (const chart of this.charts) chart.point(this.series, index, this.chosen !== null);
  }

  // add takes a status and says whether it is that of another server than the one before.
  add(status) {
    this.status = status;
    return this.series.add(status);
  }

  draw() {
    if (this.status === null) return;
    for (const chart of this.charts) chart.draw(this.series, this.status);
    this.point();
    this.drawTable();
  }

  drawTable() {
    if (!this.table.open) return;
    this.rows.set(stretches(this.series), (stretch) => stretch.from);
  }
}

// stretches sum the seconds up in tens of rows, newest first. They begin at whole half minutes, so that a row that is over
// does not change any more.
function stretches(series) {
  const byStart = new Map();
  for (let index = seconds - 1; index >= 0; index--) {
    const entry = series.at(index);
    if (entry === undefined) continue;
    const from = Math.floor(entry.t / 30) * 30;
    if (!byStart.has(from)) byStart.set(from, { from, entries: [] });
    byStart.get(from).entries.push(entry);
  }
  return [...byStart.values()];
}

function updateHistory(row, { from, entries }) {
  const most = (value) => Math.max(...entries.map(value));
  const sum = (value) => entries.reduce((total, entry) => total + value(entry), 0);
  const answered = entries.filter((entry) => entry.requests > 0);
  const mean = (value) => answered.length ? answered.reduce((total, entry) => total + value(entry), 0) / answered.length : null;
  const texts = [clock(from), rate(sum((e) => e.requests) / entries.length), count(sum((e) => e.errors)), duration(mean((e) => e.p50)),
    duration(answered.length ? most((e) => e.p99) : null), duration(most((e) => e.queue_p99)), rate(sum((e) => e.busy) / entries.length)];
  texts.forEach((text, i) => write(row.cells[i], text));
}

// makeCells makes a table's row: a head and cells.
function makeCells(number) {
  return () => {
    const cells = Array.from({ length: number }, (_, i) => i ? element("td") : element("th", { scope: "row" }));
    return { node: element("tr", {}, ...cells), cells };
  };
}
