// --- the band: what the server is, and its figures of now ---

function drawSummary(status, series) {
  drawServer(status);
  drawFigures(status, series);
}

function drawServer(status) {
  put("app", status.app || dash);
  put("host", status.host ?? dash);
  put("pid", status.pid ?? dash);
  put("version", status.version ?? dash);
  put("python", status.python || dash);
  put("uptime", age(status.now - status.started));
  put("listeners", (status.listeners ?? []).join("  ") || dash);
  put("state", status.state ?? "unknown");
  mark(byId("state"), "data-state", status.state ?? "unknown");
}

// Figures are of the last second where there is one, and of the last minute for percentiles.
function drawFigures(status, series) {
  const { latency = {}, slots = {}, queue = {}, connections = {}, workers = [] } = status;
  const measured = latency.count > 0;
  const lately = (value) => measured ? duration(value) : dash;
  put("rate", rate(series.at(seconds - 1)?.requests));
  put("rate-more", measured ? `${count(latency.count)} in ${latency.window} s` : "none in a minute");
  put("p50", lately(latency.p50));
  put("p50-more", `application ${lately(latency.application_p50)}`);
  put("p99", lately(latency.p99));
  put("p99-more", `application ${lately(latency.application_p99)}`);
  put("wait", lately(latency.queue_p99));
  put("wait-more", `p50 ${lately(latency.queue_p50)}`);
  put("busy", count(slots.busy));
  put("busy-more", `of ${count(slots.total)}`);
  put("queue", count(queue.length));
  put("queue-more", queue.length > 0 ? `oldest ${tick(queue.oldest)}` : `of ${count(queue.limit)}`);
  put("connections", count(connections.open));
  put("connections-more", connections.limit ? `${count(connections.idle)} idle, of ${count(connections.limit)}` : `${count(connections.idle)} idle`);
  put("memory", bytes(workers.reduce((sum, worker) => sum + (worker.rss ?? 0), 0)));
  put("memory-more", plural(workers.length, "worker"));
  warn("busy", slots.total > 0 && slots.busy === slots.total);
  warn("queue", queue.length > 0 && queue.oldest > 1);
}

// warn marks a figure that an operator may want to look at. The text beside it says the same without colour.
function warn(name, wanted) {
  const figure = named[name].parentElement;
  if (figure.hasAttribute("data-warn") !== wanted) figure.toggleAttribute("data-warn", wanted);
}
