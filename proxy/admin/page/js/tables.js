// --- what is counted: answers, limits, files, memory, restarts ---

class Tables {
  constructor() {
    this.statuses = new Rows(byId("statuses"), makeStatus, updateStatus);
    this.reasons = new Rows(byId("reasons"), makeFact, updateFact);
    this.sources = new Rows(byId("sources"), makeFact, updateFact);
    this.restarts = new Rows(byId("restarts"), makeFact, updateFact);
    this.paths = new Rows(byId("paths").tBodies[0], makeCells(3), updatePath);
    this.limits = new Rows(byId("limits").tBodies[0], makeCells(7), updateLimit);
  }

  draw(status) {
    this.drawAnswers(status.requests ?? {});
    this.drawQueue(status.queue ?? {});
    this.drawLimits(status);
    this.drawMemory(status);
    this.restarts.set(Object.entries(status.restarts ?? {}), ([name]) => name);
  }

  drawAnswers(requests) {
    put("answers-total", `${count(requests.total)}, ${bytes(requests.received_bytes)} in, ${bytes(requests.sent_bytes)} out`);
    const codes = Object.entries(requests.by_status ?? {}).filter(([, number]) => number > 0);
    const total = codes.reduce((sum, [, number]) => sum + number, 0);
    this.statuses.set(codes.map(([code, number]) => ({ code, number, total })), ({ code }) => code);
    this.sources.set(Object.entries(requests.by_source ?? {}), ([name]) => name);
    const reasons = Object.entries(requests.by_reason ?? {});
    show(byId("reasons-part"), reasons.length > 0);
    this.reasons.set(reasons, ([name]) => name);
    put("dropped", requests.log_lines_dropped ? `${plural(requests.log_lines_dropped, "line")} of the access log dropped.` : "");
  }

  drawQueue(queue) {
    const paths = queue.paths ?? [];
    show(byId("paths-sheet"), paths.length > 0);
    this.paths.set(paths, ({ prefix }) => prefix);
  }

  drawLimits({ limits = [], redis, now }) {
    const list = limits ?? [];
    show(byId("limits"), list.length > 0);
    show(byId("limits-none"), list.length === 0);
    this.limits.set(list, ({ name }) => name);
    const state = redis?.state ?? "none";
    show(byId("limits-alone"), list.some(({ alone }) => alone > 0));
    const known = redis?.since ? ` for ${age(now - redis.since)}` : "";
    put("redis", state === "none" ? "" : `Redis ${state}${known}${redis.errors ? `, ${plural(redis.errors, "error")}` : ""}`);
    mark(named.redis, "data-state", state);
  }

  drawMemory({ static: files = {}, spool = {} }) {
    put("static-files", count(files.files));
    put("static-memory", bytes(files.memory));
    put("static-rate", percent(files.hits, (files.hits ?? 0) + (files.misses ?? 0)));
    put("static-hits", `${count(files.hits)}, ${count(files.misses)}`);
    put("spool", spool.limit ? `${bytes(spool.memory)} of ${bytes(spool.limit)}` : bytes(spool.memory));
    const gauge = byId("spool");
    show(gauge, spool.limit > 0);
    gauge.firstElementChild.style.width = percentage(spool.memory, spool.limit);
  }
}

function makeStatus() {
  const code = element("b"), number = element("span", { class: "amount" }), part = element("i");
  return { node: element("li", {}, code, element("span", { class: "gauge" }, part), number), code, number, part };
}

function updateStatus(row, { code, number, total }) {
  write(row.code, code);
  write(row.number, count(number));
  mark(row.node, "data-class", `${code[0]}xx`);
  row.part.style.width = percentage(number, total);
}

function makeFact() {
  const label = element("dt"), value = element("dd");
  return { node: element("div", {}, label, value), label, value };
}

function updateFact(row, [name, number]) {
  write(row.label, spaced(name));
  write(row.value, count(number));
}

function updatePath(row, { prefix, length, limit, busy, slots }) {
  const of = (part, whole) => whole ? `${count(part)} of ${count(whole)}` : count(part);
  [prefix, of(length, limit), of(busy, slots)].forEach((text, i) => write(row.cells[i], text));
}

function updateLimit(row, limit) {
  const texts = [limit.name, ...["allowed", "refused", "delayed", "dry_run", "alone", "keys"].map((name) => count(limit[name]))];
  texts.forEach((text, i) => write(row.cells[i], text));
}
