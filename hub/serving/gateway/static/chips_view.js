// Tokens with their tags, one colour per tag.

import { h } from "./dom.js";
import { t, tagMeaning } from "./i18n.js";

/** results → one list of [word, tag] per text; null where this is no lexical analysis. */
export function readTexts(results) {
  const texts = Array.isArray(results) ? results : [results];
  if (!texts.length || !texts.every(isTagged)) return null;
  return texts.map(({ word, tag }) => word.map((each, index) => [each, tag?.[index] ?? ""]));
}

function isTagged(value) {
  if (typeof value !== "object" || value === null || !Array.isArray(value.word)) return false;
  if (!value.word.every((word) => typeof word === "string")) return false;
  return value.tag === undefined || (Array.isArray(value.tag) && value.tag.length === value.word.length);
}

export function chipsView(texts) {
  const tags = [...new Set(texts.flat().map(([, tag]) => tag))].filter(Boolean).sort();
  return [
    ...texts.map((words) => h("p", { class: "chips" }, words.map(([word, tag]) => chip(word, tag)))),
    tags.length ? h("ul", { class: "legend" }, tags.map((tag) => h("li", {}, chip(tag, ""), ` ${tagMeaning(tag)}`))) : null,
  ].filter(Boolean);
}

export const plainText = (texts) => texts.map((words) => words.map(([word, tag]) => (tag ? `${word}/${tag}` : word)).join(" ")).join("\n");

function chip(word, tag) {
  const element = h("span", { class: "chip", title: tagMeaning(tag) || tag || null }, word, tag ? h("small", {}, tag) : null);
  element.style.setProperty("--hue", hue(tag || word));
  return element;
}

/** Spread by the golden angle, so that tags that sort together look apart. */
function hue(tag) {
  let sum = 0;
  for (const character of tag) sum = sum * 31 + character.codePointAt(0);
  return Math.round((sum * 137.508) % 360);
}
