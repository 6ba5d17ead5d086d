// The live parts of the demo application. Each page works without this file, by loading it again.

const dash = "–";
const shown = (value) => value === null || value === undefined || value === "" ? dash : value;
const counted = (number, noun) => number === 1 ? `1 ${noun}` : `${number} ${noun}s`;

async function ask(address) {
  const began = performance.now();
  const response = await fetch(address, { cache: "no-store" });
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  const now = await response.json();
  return { now, took: performance.now() - began };
}

// --- the first page: who answers? ---

const form = document.querySelector("form.ask");
if (form) {
  const status = form.querySelector("[role=status]");
  const buttons = [...form.querySelectorAll("button")];
  const several = form.querySelector("[data-times]");
  several.hidden = false;

  const run = async (times) => {
    buttons.forEach((button) => { button.disabled = true; });
    try {
      const one = () => ask(form.dataset.now).then((answer) => { show(answer.now); return answer; });
      const answers = await Promise.all(Array.from({ length: times }, one));
      status.textContent = told(answers);
    } catch (error) {
      status.textContent = `No answer: ${error.message}`;
    }
    buttons.forEach((button) => { button.disabled = false; });
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); run(1); });
  several.addEventListener("click", () => run(Number(several.dataset.times)));
}

function told(answers) {
  const { now, took } = answers[answers.length - 1];
  if (answers.length === 1) {
    return `Worker ${shown(now.worker)}, thread ${shown(now.thread)}, answered in ${took.toFixed(0)} ms.`;
  }
  const threads = new Set(answers.map(({ now }) => `${now.pid} ${now.thread}`));
  const workers = new Set(answers.map(({ now }) => now.pid));
  return `${answers.length} answers from ${counted(threads.size, "thread")} of ${counted(workers.size, "worker")}.`;
}

function show(now) {
  for (const fact of document.querySelectorAll("[data-fact]")) fact.textContent = shown(now[fact.dataset.fact]);
  document.querySelectorAll(".units [data-lit]").forEach((lit) => { delete lit.dataset.lit; });
  const unit = unitOf(shown(now.worker));
  const [name, pid] = unit.querySelectorAll("b, p:not(.lamps) > span");
  name.textContent = `worker ${shown(now.worker)}`;
  pid.textContent = `pid ${now.pid}`;
  unit.dataset.worker = shown(now.worker);
  unit.dataset.lit = "";
  [...unit.querySelectorAll(".lamps > span")].forEach((lamp, seat) => {
    if (seat < now.by_thread.length) lamp.textContent = now.by_thread[seat];
    if (seat === now.seat) lamp.dataset.lit = "";
  });
}

// The unit of a worker: the one it has, else a dark one, else the one that has been silent for longest.
const met = [];
function unitOf(worker) {
  const units = [...document.querySelectorAll(".unit")];
  const unit = units.find((unit) => unit.dataset.worker === String(worker))
    || units.find((unit) => unit.dataset.worker === undefined)
    || met[0] || units[0];
  if (met.includes(unit)) met.splice(met.indexOf(unit), 1);
  met.push(unit);
  return unit;
}

// --- the stream ---

const stream = document.querySelector("#stream");
if (stream) {
  const status = stream.querySelector("[role=status]");
  const ticks = stream.querySelector(".ticks");
  const again = stream.querySelector("button");

  const start = () => {
    let last = performance.now();
    ticks.replaceChildren();
    again.hidden = true;
    status.textContent = "Waiting for the first tick.";
    const source = new EventSource(stream.dataset.events);
    const end = (text) => {
      source.close();
      status.textContent = text;
      again.hidden = false;
    };
    source.onmessage = (event) => {
      const { tick, of, worker, thread } = JSON.parse(event.data);
      const after = (performance.now() - last) / 1000;
      last = performance.now();
      const item = document.createElement("li");
      const number = document.createElement("b");
      number.textContent = tick;
      item.append(number, `+${after.toFixed(2)} s`);
      ticks.append(item);
      if (tick === 1) status.textContent = `${of} ticks from worker ${shown(worker)}, thread ${shown(thread)}.`;
    };
    source.addEventListener("end", () => end("The stream has come to its end."));
    source.onerror = () => end("The stream broke off."); // an EventSource would ask again by itself, for ever
  };
  again.addEventListener("click", start);
  start();
}

// --- the slow page, and the others meanwhile ---

const slow = document.querySelector("#slow");
if (slow) {
  const status = slow.querySelector("[role=status]");
  const marks = slow.querySelector(".marks");
  const button = slow.querySelector("button");
  const pause = () => new Promise((resolve) => { setTimeout(resolve, 100); });

  slow.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    marks.replaceChildren();
    try {
      status.textContent = await race();
    } catch (error) {
      status.textContent = `No answer: ${error.message}`;
    }
    button.disabled = false;
  });

  const race = async () => {
    const began = performance.now();
    const query = new URLSearchParams(new FormData(slow));
    status.textContent = "One thread sleeps. Each mark is an answer that others give meanwhile.";
    let asleep = true;
    let slowest = 0;
    const sleeper = fetch(`${slow.getAttribute("action")}?${query}`).finally(() => { asleep = false; });
    while (asleep) {
      const { took } = await ask(slow.dataset.now);
      slowest = Math.max(slowest, took);
      marks.append(document.createElement("i"));
      await pause();
    }
    const response = await sleeper;
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    return `The slow page took ${seconds} s. Meanwhile ${marks.childElementCount} other requests were answered, `
      + `the slowest after ${slowest.toFixed(0)} ms.`;
  };
}
