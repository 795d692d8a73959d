// A picture with numbered boxes, and its numbered lines beside it, each marking the other.

import { h, svg } from "./dom.js";
import { t } from "./i18n.js";

const LOW = 0.8;
const percent = (confidence) => `${(100 * confidence).toFixed(1)} %`;

export function say(item) {
  return item.text ?? (item.angle !== undefined ? t("upsideDown", { angle: item.angle }) : item.text_region ? JSON.stringify(item.text_region) : JSON.stringify(item));
}

/**
 * The elements of a page: its picture with boxes, and its lines. `figure` is {url, size}, without them where no
 * picture can be shown, or null where no boxes belong to one.
 */
export function pageElements(items, name, figure) {
  const framed = figure ? frame(items, name, figure) : null;
  const list = items.length ? lineList(items, name) : null;
  if (list) link(list, framed);
  return [framed?.element, list].filter(Boolean);
}

function frame(items, name, { url, size }) {
  const points = items.flatMap((item) => item.text_region ?? []);
  const [width, height] = size ?? [Math.max(1, ...points.map(([x]) => x)) + 10, Math.max(1, ...points.map(([, y]) => y)) + 10];
  const polygons = items.map((item, index) => (item.text_region ? svg("polygon", { points: item.text_region.join(" "), class: item.confidence < LOW ? "low" : "", "data-line": index }) : null));
  const numbers = items.map((item, index) => (item.text_region ? numberButton(item, index, width, height) : null));
  const overlay = svg("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" },
    svg("path", { class: "halo", d: items.map((item) => (item.text_region ? `M${item.text_region.join("L")}Z` : "")).join("") }), polygons);
  const image = url ? h("img", { src: url, alt: name, width, height }) : null;
  const group = h("div", { class: "numbers", role: "group", "aria-label": t("boxesOf", { count: polygons.filter(Boolean).length, name }) }, numbers);
  return { element: h("div", { class: image ? "picture" : "picture blank" }, image, overlay, group), polygons, numbers };
}

/** The number at the left edge of a box; the keyboard reaches boxes by it. */
function numberButton(item, index, width, height) {
  const button = h("button", { type: "button", class: item.confidence < LOW ? "number low" : "number", "data-line": index, tabindex: "-1", "aria-label": t("boxOf", { number: index + 1, text: say(item) }) }, index + 1);
  const [[left, top], [right, bottom]] = [item.text_region[0], item.text_region.at(-1)];
  const within = (share) => `${Math.min(100, Math.max(0, 100 * share))}%`;
  button.style.setProperty("left", within((left + right) / 2 / width));
  button.style.setProperty("top", within((top + bottom) / 2 / height));
  return button;
}

function lineList(items, name) {
  return h("ol", { class: "lines", role: "listbox", "aria-label": t("linesOf", { name }) }, items.map((item, index) => h("li", {
    role: "option", "aria-selected": "false", tabindex: index ? "-1" : "0", "data-line": index,
  }, h("span", { class: "number", "aria-hidden": "true" }, index + 1), h("span", { class: "text" }, say(item)),
  typeof item.confidence === "number" ? h("span", { class: item.confidence < LOW ? "score low" : "score", "aria-label": t("confidence", { percent: percent(item.confidence) }) }, percent(item.confidence)) : null)));
}

/** Pointing at a box or a line, or reaching one by the keyboard, marks both; a click keeps them marked. */
function link(list, framed) {
  const lines = [...list.children];
  const { polygons, numbers } = framed ?? { polygons: [], numbers: [] };
  let pinned = -1;
  const mark = (index) => {
    lines.forEach((line, at) => { line.classList.toggle("on", at === index); line.setAttribute("aria-selected", String(at === index)); });
    polygons.forEach((polygon, at) => polygon?.classList.toggle("on", at === index));
    numbers.forEach((number, at) => { number?.classList.toggle("on", at === index); number?.setAttribute("aria-pressed", String(at === index)); });
  };
  const lineOf = (event) => { const at = event.target.closest?.("[data-line]"); return at ? Number(at.dataset.line) : -1; };
  const reveal = (index) => { // without moving the page
    const [line, view] = [lines[index].getBoundingClientRect(), list.getBoundingClientRect()];
    if (line.top < view.top || line.bottom > view.bottom) list.scrollTop += line.top - view.top - (list.clientHeight - line.height) / 2;
  };
  const stop = (elements, index) => elements.forEach((element, at) => { if (element) element.tabIndex = at === index ? 0 : -1; });
  const first = numbers.findIndex(Boolean);
  stop(numbers, first);
  const pin = (index) => {
    pinned = index;
    stop(lines, index);
    stop(numbers, numbers[index] ? index : first);
    reveal(index);
    mark(index);
  };
  for (const element of [framed?.element, list].filter(Boolean)) {
    element.addEventListener("pointerover", (event) => {
      const index = lineOf(event);
      mark(index >= 0 ? index : pinned);
      if (index >= 0 && element !== list) reveal(index);
    });
    element.addEventListener("pointerleave", () => mark(pinned));
    element.addEventListener("focusin", (event) => { if (lineOf(event) >= 0) pin(lineOf(event)); });
    element.addEventListener("click", (event) => {
      const index = lineOf(event);
      if (index < 0) return;
      pin(index);
      (element === list ? lines : numbers)[index].focus({ preventScroll: true });
    });
    element.addEventListener("keydown", (event) => move(event, element === list ? lines : numbers.filter(Boolean)));
  }
}

/** The arrow keys, Home and End go from one to the next. */
function move(event, elements) {
  const at = elements.indexOf(event.target.closest("[data-line]"));
  const last = elements.length - 1;
  const [forward, back] = [Math.min(at + 1, last), Math.max(at - 1, 0)];
  const target = { ArrowDown: forward, ArrowRight: forward, ArrowUp: back, ArrowLeft: back, Home: 0, End: last }[event.key];
  if (target === undefined || at < 0) return;
  event.preventDefault();
  elements[target].focus({ preventScroll: true });
}
