// --- writing to the document: only what has changed, and only as text ---

const byId = (id) => document.getElementById(id);

// named are the elements whose text is a value.
const named = Object.fromEntries([...document.querySelectorAll("[data-v]")].map((node) => [node.dataset.v, node]));

function put(name, value) { write(named[name], value); }

// write sets a node's text. What it had is remembered beside it, as asking the document costs more.
const written = new WeakMap();
function write(node, value) {
  const text = String(value);
  if (written.get(node) === text) return;
  written.set(node, text);
  node.textContent = text;
}

function mark(node, name, value) {
  const text = String(value);
  if (node.getAttribute(name) !== text) node.setAttribute(name, text);
}

function show(node, visible) {
  if (node.hidden === visible) node.hidden = !visible;
}

// percentage is the width of a bar.
function percentage(part, whole) {
  return whole > 0 ? `${Math.min(100, (part ?? 0) / whole * 100).toFixed(1)}%` : "0";
}

// element makes one with attributes and children; a child that is a string is text.
function element(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function drawing(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// Rows keeps one child of a parent for each item: what has the same key keeps its element, which is updated in place and moved
// only when its neighbours say so. make returns an object with the element as node, update gets that and the item.
class Rows {
  constructor(parent, make, update) {
    Object.assign(this, { parent, make, update, byKey: new Map() });
  }

  set(items, key) {
    // What is gone goes first: a row that stays must not be moved, as an element that is moved loses the focus.
    const here = new Set(items.map(key));
    for (const [name, row] of this.byKey) {
      if (here.has(name)) continue;
      row.node.remove();
      this.byKey.delete(name);
    }
    let next = this.parent.firstElementChild;
    for (const item of items) {
      const name = key(item);
      let row = this.byKey.get(name);
      if (!row) this.byKey.set(name, row = this.make(item));
      this.update(row, item);
      if (row.node === next) next = next.nextElementSibling;
      else this.parent.insertBefore(row.node, next);
    }
  }
}

// Shortened shows the first few of a table's items, and all when its button is pressed.
class Shortened {
  constructor(id, few, rows, key) {
    Object.assign(this, { few, rows, key, items: [], whole: false });
    this.table = byId(id);
    this.none = byId(`${id}-none`);
    this.button = byId(`${id}-more`);
    this.button.addEventListener("click", () => { this.whole = !this.whole; this.draw(); });
  }

  set(items) {
    this.items = items;
    this.draw();
  }

  draw() {
    const { items, few, whole } = this;
    show(this.table, items.length > 0);
    show(this.none, items.length === 0);
    show(this.button, items.length > few);
    write(this.button, whole ? `Show ${few}` : `Show all ${items.length}`);
    mark(this.button, "aria-expanded", whole);
    this.rows.set(whole ? items : items.slice(0, few), this.key);
  }
}
