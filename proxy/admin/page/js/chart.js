// --- one chart: lines over the last five minutes ---

const margin = { top: 8, right: 10, bottom: 20, left: 54 };

// Chart draws the lines of a description into its figure:
//   title, unit (for people who hear it), scale "linear" or "log", least (the smallest upper end of the axis),
//   format(value), tick(value) where the axis has another form, lines [{ name, label, value(entry) }] where a value of null is a gap, and
//   level(status), a line across, or nothing.
class Chart {
  constructor(parent, description) {
    Object.assign(this, description, { axis: null, width: 0, height: 0, shift: null });
    this.build(parent);
  }

  build(parent) {
    const id = `chart-${parent.children.length}`;
    this.readouts = this.lines.map(() => element("b", {}, dash));
    const keys = this.lines.map((line, i) => element("span", { class: "key", "data-line": line.name },
      element("i"), `${line.label} `, this.readouts[i]));
    this.when = element("span", { class: "when" });
    this.grid = drawing("g", { class: "grid" });
    this.marks = drawing("path", { class: "restart" });
    this.across = drawing("path", { class: "across" });
    this.paths = this.lines.map((line) => drawing("path", { class: "line", "data-line": line.name }));
    this.dots = this.lines.map((line) => drawing("circle", { class: "dot", "data-line": line.name, r: 3.5, visibility: "hidden" }));
    this.hair = drawing("path", { class: "hair" });
    this.svg = drawing("svg", { "aria-hidden": "true" }, this.grid, this.across, this.marks, ...this.paths, this.hair, ...this.dots);
    // A slider through time: the arrow keys and a screen reader's gestures move it, and its text is what stands there.
    this.plot = element("div", {
      class: "plot", tabindex: 0, role: "slider", "aria-labelledby": id, "aria-orientation": "horizontal",
      "aria-valuemin": 1 - seconds, "aria-valuemax": 0, "aria-valuenow": 0,
    }, this.svg);
    this.figure = element("figure", { class: "chart sheet" },
      element("figcaption", {}, element("h3", { id }, this.title), element("p", { class: "keys" }, this.when, ...keys)), this.plot);
    parent.append(this.figure);
  }

  // resize takes the plot's size in CSS pixels: the drawing has the same units, so text and lines are never scaled.
  resize(width, height) {
    if (width === this.width && height === this.height) return false;
    Object.assign(this, { width, height, axis: null });
    mark(this.svg, "viewBox", `0 0 ${width} ${height}`);
    return true;
  }

  x(index) { return margin.left + index / (seconds - 1) * (this.width - margin.left - margin.right); }

  y(value) {
    const [low, high] = this.axis;
    const part = this.scale === "log"
      ? Math.log(Math.max(value, low) / low) / Math.log(high / low)
      : (value - low) / (high - low);
    return this.height - margin.bottom - part * (this.height - margin.top - margin.bottom);
  }

  // index is the second below a place on the screen.
  index(x) {
    const part = (x - margin.left) / (this.width - margin.left - margin.right);
    return Math.min(seconds - 1, Math.max(0, Math.round(part * (seconds - 1))));
  }

  draw(series, status) {
    if (this.width === 0) return;
    const values = this.lines.map((line) => Array.from({ length: seconds }, (_, index) => valueAt(line, series.at(index))));
    const level = this.level?.(status) ?? null;
    const axis = this.scale === "log" ? decades(values.flat()) : this.upTo(values.flat(), level);
    if (this.axis === null || axis[0] !== this.axis[0] || axis[1] !== this.axis[1]) {
      this.axis = axis;
      this.drawGrid();
    }
    this.paths.forEach((path, i) => mark(path, "d", this.path(values[i])));
    mark(this.across, "d", level === null ? "" : `M${margin.left} ${this.y(level)}H${this.width - margin.right}`);
    mark(this.marks, "d", series.restarts.map((t) =>
      `M${this.x(t - series.time(0)).toFixed(1)} ${margin.top}V${this.height - margin.bottom}`).join(""));
  }

  // path joins neighbours; a second between two gaps is a short dash.
  path(values) {
    let path = "", open = false;
    values.forEach((value, index) => {
      if (value !== null) {
        const x = this.x(index).toFixed(1), y = this.y(value).toFixed(1);
        path += open ? `L${x} ${y}` : `M${x} ${y}${missing(values[index + 1]) ? "h1" : ""}`;
      }
      open = value !== null;
    });
    return path;
  }

  // upTo is a linear axis. It grows at once and shrinks when two thirds of it are empty, so that it does not jump about.
  upTo(values, level) {
    const most = Math.max(this.least, level ?? 0, ...values.map((value) => value ?? 0));
    const had = this.axis?.[1] ?? 0;
    return most <= had && most > had / 3 ? this.axis : [0, roundUp(most)];
  }

  drawGrid() {
    const right = this.width - margin.right, bottom = this.height - margin.bottom;
    const lines = this.ticks().map((value) => {
      const y = Math.round(this.y(value)) + 0.5;
      return [drawing("path", { d: `M${margin.left} ${y}H${right}` }),
        drawing("text", { x: margin.left - 6, y: y + 4, "text-anchor": "end" }, (this.tick ?? this.format)(value))];
    });
    const every = this.width < 420 ? 2 : 1;
    const minutes = [0, 1, 2, 3, 4, 5].filter((minute) => minute % every === 0).map((minute) => {
      const x = Math.round(this.x(seconds - 1 - Math.min(minute * 60, seconds - 1))) + 0.5;
      return [drawing("path", { d: `M${x} ${bottom}v4` }), drawing("text", {
        x: minute ? x : right, y: bottom + 16, "text-anchor": minute === 0 ? "end" : minute === 5 ? "start" : "middle",
      }, minute ? `−${minute} min` : "now")];
    });
    this.grid.replaceChildren(...lines.flat(), ...minutes.flat());
  }

  ticks() {
    const [low, high] = this.axis;
    if (this.scale !== "log") return [0, high / 2, high];
    const ticks = [];
    for (let value = low; value <= high * 1.01; value *= 10) ticks.push(value);
    return ticks.length > 5 ? ticks.filter((_, i) => i % 2 === 0) : ticks;
  }

  // point shows the values of one second, and the hair line where a person has chosen it.
  point(series, index, chosen) {
    const entry = series.at(index);
    const values = this.lines.map((line) => valueAt(line, entry));
    this.readouts.forEach((node, i) => write(node, missing(values[i]) ? dash : this.format(values[i])));
    write(this.when, chosen ? clock(series.time(index)) : "");
    mark(this.hair, "d", chosen && this.width ? `M${this.x(index).toFixed(1)} ${margin.top}V${this.height - margin.bottom}` : "");
    this.dots.forEach((dot, i) => {
      const seen = chosen && this.axis !== null && !missing(values[i]);
      mark(dot, "visibility", seen ? "visible" : "hidden");
      if (seen) {
        mark(dot, "cx", this.x(index).toFixed(1));
        mark(dot, "cy", this.y(values[i]).toFixed(1));
      }
    });
    if (document.activeElement === this.plot || !chosen) this.tell(series, index, values);
  }

  tell(series, index, values) {
    mark(this.plot, "aria-valuenow", index - seconds + 1);
    const texts = this.lines.map((line, i) => `${line.label} ${missing(values[i]) ? "unknown" : this.format(values[i])}`);
    mark(this.plot, "aria-valuetext", `${clock(series.time(index))}: ${texts.join(", ")}`);
  }
}

function valueAt(line, entry) {
  const value = entry === undefined ? null : line.value(entry);
  return missing(value) ? null : value;
}

// roundUp is the next of 1, 2, 4, 6, 10, 20 and so on: their halves are good ticks, too.
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 6, 10].map((step) => step * power).find((end) => end >= value * 0.9999);
}

// decades are the powers of ten around the values, two of them at least.
function decades(values) {
  const seen = values.filter((value) => value > 0);
  if (seen.length === 0) return [0.001, 0.1];
  const high = Math.ceil(Math.log10(Math.max(...seen)));
  const low = Math.max(-6, Math.min(high - 2, Math.floor(Math.log10(Math.min(...seen)))));
  return [10 ** low, 10 ** high];
}
