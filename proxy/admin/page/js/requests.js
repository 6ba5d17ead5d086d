// --- requests that somebody may ask about: the slowest, and those that went wrong ---

const parts = ["read", "queue", "application", "send"]; // those that have a column

class SlowRequests {
  constructor() {
    const body = byId("slow").tBodies[0];
    this.list = new Shortened("slow", 10, new Rows(body, makeSlow, (row, item) => this.update(row, item)), ({ id }) => id);
  }

  draw(status) {
    const slow = [...(status.slow ?? [])].sort((a, b) => b.total - a.total);
    this.longest = slow[0]?.total || 1;
    this.now = status.now;
    this.list.set(slow);
  }

  update(row, item) {
    write(row.method, item.method);
    write(row.path, item.path);
    const ran = item.worker ? `, worker ${item.worker}, thread ${item.thread}` : "";
    const held = item.delayed > 0 ? `, held back for ${duration(item.delayed)} by a limit` : "";
    write(row.facts, `${item.status || "no answer"}, ${age(this.now - item.time)} ago${ran}${held}`);
    row.held.style.width = percentage(item.delayed, this.longest);
    mark(row.node, "title", `request ${item.id}`);
    parts.forEach((part, i) => {
      write(row.times[i], duration(item[part]));
      row.bars[i].style.width = percentage(item[part], this.longest);
    });
    write(row.total, duration(item.total));
  }
}

function makeSlow() {
  const method = element("b"), path = element("span", { class: "path" }), facts = element("span", { class: "soft" });
  const held = element("i", { class: "part", "data-part": "held" });
  const bars = parts.map((part) => element("i", { class: "part", "data-part": part }));
  const times = parts.map((part) => element("td", { class: "number", "data-label": part }));
  const total = element("td", { class: "number total", "data-label": "total" });
  const node = element("tr", {}, element("th", { scope: "row" },
    element("span", { class: "request" }, method, " ", path), element("span", { class: "stack", "aria-hidden": "true" }, bars[0], held, ...bars.slice(1)), facts),
  ...times, total);
  return { node, method, path, facts, held, bars, times, total };
}

class FailedRequests {
  constructor() {
    const body = byId("errors").tBodies[0];
    const key = ({ id, time, status }) => `${id} ${time} ${status}`;
    this.list = new Shortened("errors", 8, new Rows(body, makeFailed, (row, item) => this.update(row, item)), key);
  }

  draw(status) {
    this.now = status.now;
    this.list.set([...(status.errors ?? [])].sort((a, b) => b.time - a.time));
  }

  update(row, item) {
    write(row.status, item.status || "cut");
    write(row.method, item.method);
    write(row.path, item.path);
    write(row.reason, spaced(item.reason || dash));
    write(row.when, `${age(this.now - item.time)} ago`);
    mark(row.node, "title", `request ${item.id}, ${clock(item.time)}`);
  }
}

function makeFailed() {
  const status = element("th", { scope: "row", class: "number" }), method = element("b"), path = element("span", { class: "path" });
  const reason = element("td", { class: "reason" }), when = element("td", { class: "soft when" });
  return { node: element("tr", {}, status, element("td", { class: "request" }, method, " ", path), reason, when), status, method, path, reason, when };
}
