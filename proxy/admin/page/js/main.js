// --- the page as a whole ---

const page = { status: null, link: "opening" };
const charts = new Charts();
const map = new WorkerMap((pid, thread) => details.open(pid, thread, page.status));
const details = new ThreadDetails(map);
const views = [map, details, new SlowRequests(), new FailedRequests(), new Tables()];
const reload = new Reload((text) => write(byId("notice"), text));
const stream = new Stream({ heard, changed });
const token = new Token(() => stream.retry());

// heard takes a status. A page that nobody sees keeps it, and draws when it is looked at again.
function heard(status) {
  const before = page.status;
  page.status = status;
  show(byId("main"), true);
  token.hide();
  if (charts.add(status)) {
    write(byId("notice"), `The server was restarted: pid ${before.pid} is now ${status.pid}.`);
  }
  reload.draw(status);
  if (!document.hidden) draw();
}

function draw() {
  if (page.status === null) return;
  drawSummary(page.status, charts.series);
  charts.draw();
  for (const view of views) view.draw(page.status);
  const title = page.link === "lost" ? `Lost: ${page.status.app}` : `${page.status.app} · forebay`;
  if (document.title !== title) document.title = title;
}

// changed tells how the connection is. The text of a live one does not change, so that nobody is told each second.
function changed(link, { since, next, reason } = {}) {
  page.link = link;
  mark(byId("bar"), "data-link", link);
  byId("reload").disabled = link !== "live";
  show(byId("again"), link === "lost");
  write(byId("link"), told(link, since, next, reason));
  if (link === "refused") token.ask();
  if (link !== "live") draw();
}

function told(link, since, next, reason) {
  if (link === "live") return "Live";
  if (link === "refused") return "Waiting for the token.";
  return `Connection lost since ${clock(since / 1000)}${reason ? ` (${reason})` : ""}. Next try at ${clock(next / 1000)}.`;
}

for (const choice of document.querySelectorAll("input[name=theme]")) {
  choice.checked = choice.value === (document.documentElement.dataset.theme ?? "auto");
  choice.addEventListener("change", () => {
    if (choice.value === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = choice.value;
    try { localStorage.setItem("forebay.theme", choice.value); } catch { /* for this visit only, then */ }
  });
}
byId("again").addEventListener("click", () => stream.retry());
document.addEventListener("visibilitychange", () => { if (!document.hidden) draw(); });
stream.open();
