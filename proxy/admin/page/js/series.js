// --- what is known of the last five minutes, second by second ---

const seconds = 300;

// Series holds entries by the end of their second. A restart of the server does not end it: the seconds without one are gaps.
class Series {
  constructor() {
    this.byTime = new Map();
    this.restarts = []; // the first seconds of servers that came after another one
    this.end = 0;
    this.last = null; // the status before, for what only counters say
  }

  // add takes what a status brings.
  add(status) {
    const restarted = this.last !== null && this.last.started !== status.started;
    // A clock that was set back, or a server on another machine: old seconds would stand in the future.
    if (status.now < this.end - 5) this.byTime.clear();
    if (restarted) this.restarts.push(Math.floor(status.now));
    const brought = status.history ?? []; // all of them in the first event, then what has passed since
    for (const entry of brought) this.byTime.set(entry.t, entry);
    if (brought.length === 0 && this.last !== null && !restarted) this.derive(this.last, status);
    this.end = brought.length ? Math.max(...brought.map((entry) => entry.t)) : Math.floor(status.now);
    this.last = status;
    this.forget();
    return restarted;
  }

  // derive makes an entry from two statuses, for each second between them. Percentiles are those of the window, as no others
  // are known.
  derive(before, after) {
    const t = Math.floor(after.now);
    const passed = Math.max(after.now - before.now, 0.001);
    const errors = (status) => Object.entries(status.requests?.by_status ?? {})
      .reduce((sum, [code, number]) => code >= 500 ? sum + number : sum, 0);
    const entry = {
      requests: ((after.requests?.total ?? 0) - (before.requests?.total ?? 0)) / passed,
      errors: (errors(after) - errors(before)) / passed,
      p50: after.latency?.p50 ?? 0,
      p99: after.latency?.p99 ?? 0,
      queue_p99: after.latency?.queue_p99 ?? 0,
      busy: after.slots?.busy ?? 0,
    };
    for (let second = Math.max(Math.floor(before.now) + 1, t - seconds); second <= t; second++) {
      if (!this.byTime.has(second)) this.byTime.set(second, { ...entry, t: second });
    }
  }

  forget() {
    const oldest = this.end - seconds + 1;
    for (const t of this.byTime.keys()) {
      if (t < oldest || t > this.end) this.byTime.delete(t);
    }
    this.restarts = this.restarts.filter((t) => t >= oldest);
  }

  // at returns the entry of one of the seconds, 0 to 299, the last being the newest; undefined for a gap.
  at(index) { return this.byTime.get(this.time(index)); }

  time(index) { return this.end - seconds + 1 + index; }
}
