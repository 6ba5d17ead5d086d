// --- one thread: what it runs, and where it is in Python ---

const stackPatience = 10_000; // ms until a worker that does not tell its stack is given up

class ThreadDetails {
  constructor(map) {
    this.map = map;
    this.section = byId("thread");
    this.stack = byId("stack");
    this.shown = null; // { pid, thread }
    this.whole = false;
    byId("thread-close").addEventListener("click", () => this.close());
    byId("stack-again").addEventListener("click", () => this.take());
    byId("stack-all").addEventListener("click", () => this.toggleWhole());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.shown && !byId("reload-dialog").open) this.close();
    });
  }

  open(pid, thread, status) {
    this.shown = { pid, thread };
    this.map.select(pid, thread);
    show(this.section, true);
    write(byId("thread-title"), `Worker ${pid}, thread ${thread}`);
    this.draw(status);
    this.section.focus({ preventScroll: true });
    this.section.scrollIntoView({ block: "nearest" });
    this.take();
  }

  close() {
    const { pid, thread } = this.shown;
    this.shown = null;
    this.asking?.abort();
    show(this.section, false);
    this.map.select(null, null);
    this.map.focus(pid, thread);
  }

  // draw follows the thread while it is shown. A worker that has gone keeps its last stack on the page.
  draw(status) {
    if (!this.shown || !status) return;
    const worker = (status.workers ?? []).find(({ pid }) => pid === this.shown.pid);
    const thread = worker?.threads?.find((one) => one.thread === this.shown.thread);
    const request = thread?.request;
    put("thread-state", thread?.state ?? "ended");
    put("thread-age", thread?.since ? duration(status.now - thread.since) : dash);
    put("thread-request", request ? `${request.method} ${request.path}` : "none");
    put("thread-id", request?.id || dash);
    byId("stack-again").disabled = !thread;
    byId("stack-all").disabled = !thread;
  }

  toggleWhole() {
    this.whole = !this.whole;
    mark(byId("stack-all"), "aria-pressed", this.whole);
    this.take();
  }

  // take asks the worker where it is. A later question makes an earlier one void.
  async take() {
    this.asking?.abort();
    const asking = this.asking = new AbortController();
    const { pid, thread } = this.shown;
    mark(this.stack, "aria-busy", true);
    put("stack-when", "is asked for …");
    const text = await stackOf(pid, this.whole ? null : thread, asking.signal);
    if (asking.signal.aborted) return;
    mark(this.stack, "aria-busy", false);
    put("stack-when", `of ${clock(Date.now() / 1000)}`);
    write(this.stack, text);
  }
}

async function stackOf(pid, thread, signal) {
  const query = thread === null ? "" : `?thread=${thread}`;
  try {
    const response = await fetch(`api/workers/${pid}/stack${query}`, {
      cache: "no-store", signal: AbortSignal.any([signal, AbortSignal.timeout(stackPatience)]),
    });
    const text = (await response.text()).trimEnd();
    return response.ok ? text || "No Python code runs in this thread." : `${response.status} ${text || response.statusText}`;
  } catch (fault) {
    return fault.name === "TimeoutError" ? "The worker did not answer in time." : `No answer: ${fault.message}`;
  }
}
