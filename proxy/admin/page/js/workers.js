// --- the map: a row for each worker, a cell for each of its threads ---

const manyThreads = 96; // more than these are drawn smaller

class WorkerMap {
  // open is called with the pid and the number of the thread that a person asks for.
  constructor(open) {
    this.open = open;
    this.grid = byId("workers");
    this.none = byId("workers-none");
    this.rows = new Rows(this.grid, makeWorker, (row, worker) => this.updateWorker(row, worker));
    this.focused = null; // "pid:thread" of the one cell that Tab leads to
    this.grid.addEventListener("click", (event) => this.chosen(event.target.closest("[role=gridcell]")));
    this.grid.addEventListener("keydown", (event) => this.key(event));
    this.grid.addEventListener("focusin", (event) => this.rove(event.target.closest("[role=gridcell]")));
  }

  draw(status) {
    const workers = status.workers ?? [];
    show(this.grid, workers.length > 0);
    show(this.none, workers.length === 0);
    show(byId("workers-hint"), workers.length > 0);
    const threads = workers.reduce((sum, worker) => sum + (worker.threads?.length ?? 0), 0);
    this.grid.toggleAttribute("data-dense", threads > manyThreads);
    this.now = status.now;
    this.mostMemory = Math.max(1, ...workers.map((worker) => worker.rss ?? 0));
    this.rows.set(workers, (worker) => worker.pid);
    if (!this.cell(this.focused)) this.rove(this.grid.querySelector("[role=gridcell]"));
  }

  updateWorker(row, worker) {
    write(row.pid, worker.pid);
    write(row.state, worker.state === "serving" ? "" : worker.state);
    mark(row.node, "data-state", worker.state);
    write(row.requests, plural(worker.requests, "request"));
    const gil = missing(worker.gil_wait) ? "" : `, GIL wait ${duration(worker.gil_wait)}`;
    write(row.facts, `generation ${worker.generation}, up ${age(this.now - worker.started)}${gil}`);
    write(row.memory, bytes(worker.rss));
    row.used.style.width = percentage(worker.rss, this.mostMemory);
    row.threads.set(worker.threads ?? [], (thread) => thread.thread);
    for (const thread of worker.threads ?? []) this.updateThread(row.threads.byKey.get(thread.thread), worker, thread);
  }

  updateThread(cell, worker, thread) {
    const { state, request } = thread;
    mark(cell.node, "data-state", state);
    mark(cell.node, "data-at", `${worker.pid}:${thread.thread}`);
    write(cell.time, state === "idle" ? "" : brief(this.now - thread.since));
    write(cell.label, `thread ${thread.thread}, ${state} `);
    const path = request ? `${request.method} ${request.path}` : "";
    write(cell.path, path);
    mark(cell.node, "title", path);
  }

  cell(at) { return at && this.grid.querySelector(`[data-at="${at}"]`); }

  rove(cell) {
    if (!cell || cell.dataset.at === this.focused) return;
    const had = this.cell(this.focused);
    if (had) had.tabIndex = -1;
    cell.tabIndex = 0;
    this.focused = cell.dataset.at;
  }

  chosen(cell) {
    if (!cell) return;
    this.rove(cell);
    cell.focus();
    const [pid, thread] = cell.dataset.at.split(":").map(Number);
    this.open(pid, thread);
  }

  // focus gives the keyboard back to the cell of a thread, or to the one that Tab leads to when the thread is gone.
  focus(pid, thread) {
    (this.cell(`${pid}:${thread}`) ?? this.cell(this.focused))?.focus();
  }

  // select shows which thread's details stand beside the map.
  select(pid, thread) {
    const cell = this.cell(`${pid}:${thread}`);
    for (const other of this.grid.querySelectorAll("[aria-selected=true]")) {
      if (other !== cell) mark(other, "aria-selected", false);
    }
    if (cell) mark(cell, "aria-selected", true);
  }

  key(event) {
    const cell = event.target.closest("[role=gridcell]");
    if (!cell || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.chosen(cell);
      return;
    }
    const to = this.neighbour(cell, event.key);
    if (!to) return;
    event.preventDefault();
    this.rove(to);
    to.focus();
  }

  // neighbour follows the pattern of a grid: left and right within a worker, up and down between workers.
  neighbour(cell, key) {
    const row = cell.closest("[role=row]");
    const cells = (of) => of ? [...of.querySelectorAll("[role=gridcell]")] : [];
    const own = cells(row), at = own.indexOf(cell);
    const beside = (of) => { const others = cells(of); return others[Math.min(at, others.length - 1)]; };
    switch (key) {
      case "ArrowLeft": return own[at - 1];
      case "ArrowRight": return own[at + 1];
      case "Home": return own[0];
      case "End": return own[own.length - 1];
      case "ArrowUp": return beside(row.previousElementSibling);
      case "ArrowDown": return beside(row.nextElementSibling);
      case "PageUp": return beside(row.parentElement.firstElementChild);
      case "PageDown": return beside(row.parentElement.lastElementChild);
      default: return undefined;
    }
  }
}

function makeWorker() {
  const pid = element("b"), state = element("span", { class: "tag" }), facts = element("span", { class: "soft" });
  const requests = element("span", { class: "soft" });
  const memory = element("span", { class: "amount" }), used = element("i");
  const head = element("div", { role: "rowheader", class: "worker" },
    element("p", {}, "pid ", pid, " ", state, " ", requests), element("p", {}, facts),
    element("p", { class: "memory" }, element("span", { class: "gauge" }, used), memory));
  const cells = element("div", { role: "presentation", class: "cells" });
  const node = element("div", { role: "row", class: "row" }, head, cells);
  return { node, pid, state, requests, facts, memory, used, threads: new Rows(cells, makeThread, () => {}) };
}

function makeThread() {
  const label = element("span", { class: "hidden" }), time = element("span", { class: "time" }), path = element("span", { class: "path" });
  const node = element("div", { role: "gridcell", class: "cell", tabindex: -1, "aria-selected": false }, label, time, path);
  return { node, label, time, path };
}
