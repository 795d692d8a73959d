// What came back: the reply as boxes and lines, chips, JSON or text; or the error.

import { chipsView, plainText as tokensText, readTexts } from "./chips_view.js";
import { byId, copied, h, save } from "./dom.js";
import { t } from "./i18n.js";
import { errorNotice, filesNotice, notice } from "./notices.js";
import { lineCount, ocrView, plainText as linesText, readPages, readRemarks } from "./ocr_view.js";

let last = null; // {text, plain, name} of the last reply

/** Show a reply of `api.predict` to what was sent; resolves when it is drawn. */
export async function showReply(reply, { name, args, form }) {
  await Promise.all(form.pictures.map((picture) => picture.measured));
  const shown = reply.envelope ? readEnvelope(reply.envelope, args, form) : { view: [asText(reply.text)], plain: reply.text, remarks: [] };
  last = { text: reply.text, plain: shown.plain, name, isJson: Boolean(reply.envelope) };
  for (const field of form.imageFields) field.draw();
  byId("view").replaceChildren(...shown.view);
  byId("remark").replaceChildren(...shown.remarks);
  byId("notice").replaceChildren(...(reply.problem ? [errorNotice(reply.problem, { message: form.named(reply.problem.message) })] : []));
  byId("raw").hidden = !shown.isDrawn;
  byId("raw").querySelector("pre").textContent = shown.isDrawn ? shortened(reply.envelope) : "";
  fold("result");
  const ms = Math.round(reply.timings.total);
  byId("progress").textContent = shown.pages ? t("doneLines", { count: lineCount(shown.pages), ms }) : t("done", { ms });
  reveal();
  await painted();
  performance.measure("hub-reply-drawn", { start: reply.arrived, end: performance.now() });
  showTimings({ ...reply.timings, drawn: performance.now() - reply.arrived });
}

function readEnvelope({ results, msg }, args, form) {
  const { pictures } = form;
  const pages = readPages(results, pictures);
  const said = readRemarks(msg ?? "", form, args, (picture) => pages?.length !== pictures.length || !pages[pictures.indexOf(picture)].items.length);
  for (const picture of pictures) picture.problem = said.unread.get(picture) ?? "";
  const remarks = [...(said.unread.size ? [filesNotice(said.unread)] : []), ...(said.rest ? [notice("info", t("remarks"), said.rest)] : [])];
  const texts = pages ? null : readTexts(results);
  if (pages) return { view: ocrView(pages, pictures, said), plain: linesText(pages), remarks, pages, isDrawn: true };
  if (texts) return { view: chipsView(texts), plain: tokensText(texts), remarks, isDrawn: true };
  const plain = typeof results === "string" ? results : JSON.stringify(results, null, 1);
  return { view: [asText(plain)], plain, remarks };
}

const asText = (text) => h("pre", { tabindex: "0" }, text);

/** Show an error, in place of a reply. */
export function showError(element) {
  byId("notice").replaceChildren(element);
  fold("notice");
  byId("progress").textContent = "";
  reveal();
}

export function clearNotice() {
  delete byId("notice").dataset.state;
  byId("notice").replaceChildren();
  if (byId("result").hidden) fold("empty");
}

export function clearResult() {
  clearNotice();
  fold("empty");
  byId("progress").textContent = "";
}

function fold(shown) {
  byId("result").hidden = shown !== "result";
  byId("result-actions").hidden = shown !== "result";
  byId("empty").hidden = shown !== "empty";
}

/** Scroll to the result where it is out of sight: on a phone it is below the form. */
function reveal() {
  const { top } = byId("output").getBoundingClientRect();
  if (top >= 0 && top < innerHeight / 3) return;
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  byId("output").scrollIntoView({ behavior: isCalm ? "auto" : "smooth", block: "start" });
}

/** JSON to read, without the megabytes of a picture in it. */
function shortened(envelope) {
  const cut = (_, value) => (typeof value === "string" && value.length > 5000 ? `${value.slice(0, 100)}… (${value.length})` : value);
  return JSON.stringify(envelope, cut, 1);
}

/** Resolves when the browser has drawn what is in the document now. */
const painted = () => new Promise((resolve) => { requestAnimationFrame(() => setTimeout(resolve)); });

function showTimings(timings) {
  const shown = ["total", "queue", "batch", "inference", "network", "drawn"].filter((name) => timings[name] !== undefined);
  const rows = shown.map((name) => h("div", {}, h("dt", {}, t(name)), h("dd", {}, `${timings[name].toFixed(1)} ms`)));
  if (timings.attempts) rows.push(h("div", {}, h("dt", {}, t("attempts")), h("dd", {}, timings.attempts)));
  byId("timings").replaceChildren(...rows);
}

byId("copy-text").addEventListener("click", (event) => copied(event.target, last.plain, t("copied")));
byId("download").addEventListener("click", () => save(`${last.name}.${last.isJson ? "json" : "txt"}`, last.text, last.isJson ? "application/json" : "text/plain"));
