// Small words for building and updating the page in place: nothing is drawn anew that only changed.

const SVG = "http://www.w3.org/2000/svg";

/** An element: `make("p", {class: "x"}, "text", child)`. */
export function make(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function draw(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function mark(element, name, value) {
  if (value === null || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value === true ? "" : value);
}

/** A width in percent that eases when it grows and jumps when it shrinks: less is true at once. */
export function stretch(element, percent) {
  const bounded = Math.max(0, Math.min(100, percent));
  const before = Number(element.dataset.percent ?? 0);
  if (Math.abs(bounded - before) < 0.05) return;
  element.classList.toggle("rises", bounded > before);
  element.dataset.percent = bounded.toFixed(2);
  element.style.width = `${bounded.toFixed(2)}%`;
}

/** Keeps one part for each key, in this order; `create(key)` makes what is new. */
export class Parts {
  constructor(parent, create) {
    this.parent = parent;
    this.create = create;
    this.parts = new Map();
  }

  show(items, keyOf, update) {
    const wanted = new Set(items.map(keyOf));
    for (const [key, part] of this.parts) {
      if (!wanted.has(key)) {
        part.element.remove();
        this.parts.delete(key);
      }
    }
    let place = this.parent.firstElementChild;
    for (const item of items) {
      const key = keyOf(item);
      let part = this.parts.get(key);
      if (!part) this.parts.set(key, (part = this.create(item)));
      if (part.element === place) place = place.nextElementSibling;
      else this.insert(part.element, place);
      update(part, item);
    }
  }

  insert(element, place) {
    const hadFocus = element.contains(document.activeElement) ? document.activeElement : null;
    this.parent.insertBefore(element, place);
    if (hadFocus) hadFocus.focus({ preventScroll: true });
  }
}
