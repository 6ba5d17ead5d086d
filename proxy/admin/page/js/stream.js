// --- the stream of events, and what is done when it breaks ---

const pauses = [0.5, 1, 2, 4, 8, 15]; // seconds before the next try; the last one again and again
const silence = 8_000; // ms without an event after which a connection is taken for dead: there is one each second

// Stream keeps a connection to api/events. The browser's own way of trying again has no growing pauses, and gives up for
// good when it is answered with an error; so each connection is used once.
class Stream {
  // heard gets each status; changed gets "live", "refused" where the listener wants a token, or "lost" with the time in ms
  // since when, that of the next try, and a reason.
  constructor({ heard, changed }) {
    Object.assign(this, { heard, changed, tries: 0, lostAt: null });
    addEventListener("online", () => this.retry());
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.retry(); });
  }

  open() {
    this.shut();
    const source = this.source = new EventSource("api/events");
    source.addEventListener("status", (event) => this.event(JSON.parse(event.data)));
    source.addEventListener("error", () => this.broken());
    this.watch();
  }

  event(status) {
    this.watch();
    this.tries = 0;
    this.lostAt = null;
    this.changed("live");
    this.heard(status);
  }

  // watch begins the wait for the next event anew.
  watch() {
    clearTimeout(this.silent);
    this.silent = setTimeout(() => this.broken(), silence);
  }

  async broken() {
    this.shut();
    this.lostAt ??= Date.now();
    const pause = pauses[Math.min(this.tries++, pauses.length - 1)] * 1000;
    const next = Date.now() + pause;
    this.next = setTimeout(() => this.open(), pause);
    this.changed("lost", { since: this.lostAt, next });
    const { tries } = this;
    const { refused, reason } = await this.why();
    if (this.lostAt === null || tries !== this.tries) return; // something has happened meanwhile
    if (refused) {
      clearTimeout(this.next);
      this.changed("refused");
    } else if (reason) {
      this.changed("lost", { since: this.lostAt, next, reason });
    }
  }

  // why asks for what an EventSource does not tell: the status with which it was refused.
  async why() {
    try {
      const response = await fetch("api/events", { cache: "no-store", signal: AbortSignal.timeout(2000), headers: { Accept: "text/event-stream" } });
      if (response.ok) {
        await response.body.cancel();
        return {};
      }
      const text = (await response.text()).trim().slice(0, 200);
      return { refused: response.status === 401, reason: `${response.status} ${text}` };
    } catch {
      return {}; // there is nobody
    }
  }

  // retry tries at once, if there is something to be tried.
  retry() {
    if (this.lostAt === null) return;
    clearTimeout(this.next);
    this.open();
  }

  shut() {
    clearTimeout(this.silent);
    clearTimeout(this.next);
    this.source?.close();
  }
}
