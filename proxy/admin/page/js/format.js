// --- numbers as people read them ---

const dash = "–";
const missing = (value) => value === null || value === undefined || Number.isNaN(value);

const integers = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const clocks = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

function count(value) {
  return missing(value) ? dash : integers.format(value);
}

// rate has two digits below ten, as 0.4 and 0 are different things.
function rate(value) {
  if (missing(value)) return dash;
  return value < 9.95 ? String(Number(value.toFixed(1))) : integers.format(value);
}

// duration gives three digits of a time in seconds, with its unit: 850 µs, 4.21 ms, 1.25 s, 3 min 12 s.
function duration(seconds) {
  if (missing(seconds)) return dash;
  if (seconds <= 0) return "0 ms";
  if (seconds < 0.0009995) return `${digits(seconds * 1e6)} µs`;
  if (seconds < 0.9995) return `${digits(seconds * 1e3)} ms`;
  return seconds < 99.5 ? `${digits(seconds)} s` : age(seconds);
}

function digits(value) {
  return value < 9.995 ? value.toFixed(2) : value < 99.95 ? value.toFixed(1) : value.toFixed(0);
}

// tick is a time on an axis, without digits that say nothing: 1 s, 100 ms.
const tick = (seconds) => seconds > 60 ? `${count(seconds)} s` : duration(seconds).replace(/\.0+ /, " ").replace(/^0 ms$/, "0");

// age is a time that is long enough to be told in two units.
function age(seconds) {
  if (missing(seconds)) return dash;
  const whole = Math.max(0, Math.floor(seconds));
  for (const [unit, size, smaller, part] of ages) {
    if (whole >= size) {
      const rest = Math.floor((whole % size) / part);
      return rest ? `${Math.floor(whole / size)} ${unit} ${rest} ${smaller}` : `${Math.floor(whole / size)} ${unit}`;
    }
  }
  return `${whole} s`;
}

const ages = [["d", 86400, "h", 3600], ["h", 3600, "min", 60], ["min", 60, "s", 1]];

// brief is a time for a cell of the map: at most four characters.
function brief(seconds) {
  if (missing(seconds)) return "";
  if (seconds < 9.95) return `${Math.max(0, seconds).toFixed(1)}s`;
  if (seconds < 99.5) return `${seconds.toFixed(0)}s`;
  return seconds < 5970 ? `${(seconds / 60).toFixed(0)}m` : `${(seconds / 3600).toFixed(0)}h`;
}

function bytes(value) {
  if (missing(value)) return dash;
  let power = 0;
  for (; value >= 1023.5 && power < 4; power++) value /= 1024;
  const unit = ["B", "KiB", "MiB", "GiB", "TiB"][power];
  return `${power === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1)} ${unit}`;
}

function percent(part, whole) {
  if (missing(part) || !whole) return dash;
  const value = part / whole * 100;
  // 100 % is only said of all of it.
  return part === whole ? "100 %" : `${Math.min(value, 99.9).toFixed(1)} %`;
}

function clock(unix) {
  return missing(unix) || unix <= 0 ? dash : clocks.format(unix * 1000);
}

// spaced is a name of the API as people write it.
const spaced = (name) => name.replaceAll("_", " ");

const plural = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
