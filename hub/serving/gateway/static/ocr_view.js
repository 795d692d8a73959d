// What an OCR module answers: one list of lines per file.

import { documentView } from "./document_view.js";
import { h } from "./dom.js";
import { t } from "./i18n.js";
import { pageElements, say } from "./page_view.js";

/** results → one {items, annotated} per file; null where this is no answer of an OCR module. */
export function readPages(results, pictures) {
  if (!Array.isArray(results) || !results.length) return null;
  const pages = results.map((page) => (Array.isArray(page) ? { items: page } : page && Array.isArray(page.lines) ? { items: page.lines, annotated: page.images ?? [page.image].filter(Boolean) } : null));
  if (pages.includes(null) || !pages.every(({ items }) => items.every(isLine))) return null;
  if (!pictures.length && !pages.some(({ items }) => items.length)) return null;
  return pages;
}

function isLine(item) {
  return typeof item === "object" && item !== null
    && (isRegion(item.text_region) || (typeof item.confidence === "number" && ("text" in item || "angle" in item)));
}

const isRegion = (region) => Array.isArray(region) && region.length >= 3 && region.every((point) => Array.isArray(point) && point.length === 2 && point.every(Number.isFinite));

/**
 * Sort the remarks of a reply: `unread` has the files that could not be read, with the reason; `read` what is said
 * of the pages of a file, and `rest` all else, with the files' names.
 */
export function readRemarks(msg, form, args, isEmpty) {
  const unread = new Map();
  const read = new Map(form.pictures.map((picture) => [picture, { asked: args.pages, count: null, failed: new Map() }]));
  for (const [, name, index, count] of msg.matchAll(/(\w+)\[(\d+)\] has \d+ \w+; (?:the first (\d+) were read|only the first is read)/g)) {
    if (form.picture(name, index)) read.get(form.picture(name, index)).count = Number(count ?? 1);
  }
  const rest = msg.split("; ").filter((remark) => {
    const [, name, index, why] = remark.match(/^(\w+)\[(\d+)\](:? .*)$/) ?? [];
    const picture = form.picture(name, index);
    if (!picture) return true;
    const [, page, reason] = why.match(/^: page (\d+), counted from 0, (.*)$/) ?? [];
    if (page) read.get(picture).failed.set(Number(page), reason);
    if (!isEmpty(picture) || /\bpages?\b/.test(why)) return true;
    unread.set(picture, why.replace(/^:? /, ""));
    return false;
  });
  return { unread, read, rest: form.named(rest.join("; ")) };
}

export function ocrView(pages, pictures, { unread, read }) {
  // ocr_rec and ocr_cls answer with one list for all pictures: no boxes, so no picture belongs to it.
  const hasBoxes = pages.length === pictures.length && pages.some(({ items }) => !items.length || items.some((item) => item.text_region));
  return pages.flatMap(({ items, annotated }, index) => {
    const picture = hasBoxes ? pictures[index] : null;
    if (picture && unread.has(picture)) return []; // the notice above says so
    const name = picture?.name ?? pictures.map((each) => each.name).join(", ");
    const isDocument = picture && (!picture.size || items.some((item) => Number.isInteger(item.page)));
    const view = isDocument ? documentView(picture, items, read.get(picture)) : pageView(items, name, picture);
    view.append(...(annotated ?? []).map((data) => h("img", { class: "annotated", src: `data:image/jpeg;base64,${data}`, alt: t("annotated", { name }) })));
    return view;
  });
}

function pageView(items, name, picture) {
  const count = items.length === 1 ? t("line1") : items.length ? t("lines", { count: items.length }) : t("noText");
  return h("div", { class: "page" }, h("h4", {}, name ? `${name} — ${count}` : count), h("div", { class: "page-body" }, pageElements(items, name, picture)));
}

export function plainText(pages) {
  return pages.map(({ items }) => items.map(say).join("\n")).join("\n\n");
}

export const lineCount = (pages) => pages.reduce((sum, { items }) => sum + items.length, 0);
