// Boxes over the picture, lines beside it, each pointing at the other.

import { h, svg } from "./dom.js";
import { t } from "./i18n.js";

const LOW = 0.8;
const percent = (confidence) => `${(100 * confidence).toFixed(1)} %`;

/** results → one {items, annotated} per picture; null where this is no answer of an OCR module. */
export function readPages(results, pictures) {
  if (!Array.isArray(results) || !results.length) return null;
  const pages = results.map((page) => (Array.isArray(page) ? { items: page } : page && Array.isArray(page.lines) ? { items: page.lines, annotated: page.image } : null));
  if (pages.includes(null) || !pages.every(({ items }) => items.every(isLine))) return null;
  if (!pictures.length && !pages.some(({ items }) => items.length)) return null;
  return pages;
}

function isLine(item) {
  return typeof item === "object" && item !== null
    && (isRegion(item.text_region) || (typeof item.confidence === "number" && ("text" in item || "angle" in item)));
}

const isRegion = (region) => Array.isArray(region) && region.length >= 3 && region.every((point) => Array.isArray(point) && point.length === 2 && point.every(Number.isFinite));

/** Take the remarks on pictures that could not be read out of a reply's msg: {unread: picture → sentence, rest}. */
export function unreadPictures(msg, form, isEmpty) {
  const unread = new Map();
  const rest = msg.split("; ").filter((remark) => {
    const [, name, index, why] = remark.match(/^(\w+)\[(\d+)\](:? .*)$/) ?? [];
    const picture = form.fields.find(({ images, parameter }) => images && parameter.name === name)?.images.pictures[Number(index)];
    if (!picture || !isEmpty(picture) || /\bpages?\b/.test(why)) return true;
    unread.set(picture, picture.name + why);
    return false;
  });
  return { unread, rest: rest.join("; ") };
}

export function ocrView(pages, pictures, unread) {
  // ocr_rec and ocr_cls answer with one list for all pictures: no boxes, so no picture belongs to it.
  const hasBoxes = pages.length === pictures.length && pages.some(({ items }) => !items.length || items.some((item) => item.text_region));
  return pages.map((page, index) => (unread.has(pictures[index]) && hasBoxes ? unreadView(pictures[index], unread.get(pictures[index])) : pageView(page, hasBoxes ? pictures[index] : null, pictures)));
}

export function plainText(pages) {
  return pages.map(({ items }) => items.map(say).join("\n")).join("\n\n");
}

export const lineCount = (pages) => pages.reduce((sum, { items }) => sum + items.length, 0);

function say(item) {
  return item.text ?? (item.angle !== undefined ? t("upsideDown", { angle: item.angle }) : JSON.stringify(item.text_region));
}

const unreadView = (picture, sentence) => h("div", { class: "page unread" }, h("h4", {}, picture.name), h("p", { class: "problem" }, sentence));

function pageView({ items, annotated }, picture, pictures) {
  const name = picture?.name ?? pictures.map((each) => each.name).join(", ");
  const count = items.length === 1 ? t("line1") : t("lines", { count: items.length });
  const heading = h("h4", {}, `${name} — ${items.length ? count : t("noText")}`);
  const polygons = items.map((item, index) => (item.text_region ? svg("polygon", { points: item.text_region.join(" "), class: item.confidence < LOW ? "low" : "", "data-line": index }) : null));
  const figure = picture ? framed(picture, items, polygons) : null;
  const list = items.length ? lineList(items, name) : null;
  const view = h("div", { class: "page" }, heading, figure, list);
  if (list) link(view, list, polygons, items);
  if (annotated) view.append(h("img", { class: "annotated", src: `data:image/jpeg;base64,${annotated}`, alt: t("annotated", { name }) }));
  return view;
}

function framed(picture, items, polygons) {
  const points = items.flatMap((item) => item.text_region ?? []);
  const [width, height] = picture.size ?? [Math.max(1, ...points.map(([x]) => x)) + 10, Math.max(1, ...points.map(([, y]) => y)) + 10];
  const overlay = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": t("boxesOf", { count: polygons.filter(Boolean).length, name: picture.name }) },
    svg("path", { class: "halo", d: items.map((item) => (item.text_region ? `M${item.text_region.join("L")}Z` : "")).join("") }), polygons);
  const image = picture.size ? h("img", { src: picture.url, alt: "", width, height }) : null;
  return h("div", { class: image ? "picture" : "picture blank" }, image, overlay);
}

function lineList(items, name) {
  return h("ol", { class: "lines", role: "listbox", "aria-label": t("linesOf", { name }) }, items.map((item, index) => h("li", {
    role: "option", "aria-selected": "false", tabindex: index ? "-1" : "0", "data-line": index,
  }, h("span", { class: "number", "aria-hidden": "true" }, index + 1), h("span", { class: "text" }, say(item)),
  typeof item.confidence === "number" ? h("span", { class: item.confidence < LOW ? "score low" : "score", "aria-label": t("confidence", { percent: percent(item.confidence) }) }, percent(item.confidence)) : null)));
}

/** Pointing at a box or a line, or reaching a line by the arrow keys, marks both. */
function link(view, list, polygons) {
  const lines = [...list.children];
  let pinned = -1;
  const mark = (index) => {
    lines.forEach((line, at) => { line.classList.toggle("on", at === index); line.setAttribute("aria-selected", String(at === index)); });
    polygons.forEach((polygon, at) => polygon?.classList.toggle("on", at === index));
  };
  const lineOf = (event) => { const at = event.target.closest?.("[data-line]"); return at ? Number(at.dataset.line) : -1; };
  const go = (index) => {
    pinned = index;
    lines.forEach((line, at) => { line.tabIndex = at === index ? 0 : -1; });
    lines[index].focus({ preventScroll: true });
    list.scrollTop += lines[index].getBoundingClientRect().top - list.getBoundingClientRect().top - list.clientHeight / 2;
    mark(index);
  };
  view.addEventListener("pointerover", (event) => mark(lineOf(event) >= 0 ? lineOf(event) : pinned));
  view.addEventListener("pointerleave", () => mark(pinned));
  view.addEventListener("click", (event) => { if (lineOf(event) >= 0) go(lineOf(event)); });
  list.addEventListener("focusin", (event) => { pinned = lineOf(event); mark(pinned); });
  list.addEventListener("keydown", (event) => {
    const last = lines.length - 1;
    const target = { ArrowDown: Math.min(pinned + 1, last), ArrowUp: Math.max(pinned - 1, 0), Home: 0, End: last }[event.key];
    if (target === undefined) return;
    event.preventDefault();
    go(target);
  });
}
