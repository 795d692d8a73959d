// The playground: which module, what is sent, what came back.

import * as api from "./api.js";
import { chipsView, plainText as tokensText, readTexts } from "./chips_view.js";
import { byId, copy, h, save } from "./dom.js";
import { ModuleForm } from "./fields.js";
import * as i18n from "./i18n.js";
import { errorNotice, notice } from "./notices.js";
import { lineCount, ocrView, plainText as linesText, readPages, unreadPictures } from "./ocr_view.js";
import { curl, python } from "./snippets.js";
import * as theme from "./theme.js";

const { t } = i18n;
const POLL_MS = 5000;
const POLL_LOADING_MS = 1000;

let server = { max_body_bytes: Infinity, max_images: 64, version: "" };
let modules = [];
let chosen = null; // name of the module on show
let form = null;
let running = null; // AbortController of the request under way
let last = null; // {text, plain} of the last reply
let needsKey = false;
let wasRefused = false; // the key that the tab has

// -- modules -------------------------------------------------------------------------------------

async function refresh() {
  try {
    ({ server, modules } = await api.listModules());
    byId("server-notice").replaceChildren();
    wasRefused = false;
  } catch (error) {
    if (!(error instanceof api.CallError)) throw error;
    needsKey ||= error.code === 401;
    wasRefused = error.code === 401 && Boolean(api.key.get());
    byId("key-button").hidden = !needsKey;
    byId("server-notice").replaceChildren(errorNotice(error, { hasKey: Boolean(api.key.get()), onKey: askForKey }));
    if (error.code === 401) askForKey();
    return;
  }
  needsKey ||= Boolean(api.key.get());
  byId("key-button").hidden = !needsKey;
  byId("version").textContent = server.version;
  drawModules();
  const wanted = decodeURIComponent(location.hash.slice(1));
  const found = modules.find(({ name }) => name === (chosen ?? wanted)) ?? modules[0];
  if (found) show(found);
  else byId("server-notice").replaceChildren(notice("info", t("noModules")));
}

function drawModules() {
  const list = byId("modules");
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.name : null;
  list.replaceChildren(...modules.map(({ name, version, state }) => h("li", {}, h("button", {
    type: "button", "data-name": name, "aria-current": name === chosen ? "true" : null, onclick: () => { location.hash = encodeURIComponent(name); },
  }, h("span", { class: "name" }, name), stateMark(state), h("span", { class: "dim" }, version)))));
  if (focused) list.querySelector(`[data-name="${CSS.escape(focused)}"]`)?.focus();
}

const stateMark = (state) => h("span", { class: `state ${state}` }, t(state));

/** Show a module; what was typed stays as long as the module is the same. */
function show(module, { again = false } = {}) {
  const isSame = chosen === module.name && form !== null && !again;
  const signature = JSON.stringify([module.parameters, module.takes_any]);
  chosen = module.name;
  byId("module").hidden = false;
  byId("module-name").textContent = module.name;
  byId("module-version").textContent = module.version;
  byId("module-state").replaceChildren(stateMark(module.state));
  byId("module-summary").textContent = module.summary;
  byId("doc").textContent = module.doc;
  byId("about").hidden = !module.doc;
  for (const button of byId("modules").querySelectorAll("button")) {
    if (button.dataset.name === chosen) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
  if (!isSame || form.signature !== signature) {
    form = new ModuleForm(module, server);
    form.signature = signature;
    byId("fields").replaceWith(form.element);
    running?.abort();
    clearResult();
  }
  const state = byId("notice").dataset.state;
  if (module.state !== "READY") {
    byId("notice").dataset.state = module.state;
    byId("notice").replaceChildren(notice(module.state === "FAILED" ? "error" : "busy", t(module.state === "FAILED" ? "moduleFailed" : "loadingModule"), module.reason));
  } else if (module.reason.startsWith("reload failed")) {
    byId("notice").dataset.state = module.state;
    byId("notice").replaceChildren(notice("error", t("notReloaded"), module.reason));
  } else if (state) {
    clearNotice();
  }
}

const current = () => modules.find(({ name }) => name === chosen);

async function poll() {
  let delay = POLL_MS;
  if (document.visibilityState === "visible" && (modules.length || byId("server-notice").childElementCount)) {
    try {
      const states = await api.readiness();
      const isNew = Object.keys(states).length !== modules.length || modules.some(({ name, state, reason, generation }) => states[name]?.state !== state || states[name].generation !== generation || (states[name].reason ?? "") !== reason);
      const isStale = byId("server-notice").querySelector(".enter-key") === null && byId("server-notice").childElementCount > 0;
      if ((isNew && modules.length) || isStale) await refresh();
      if (Object.values(states).some(({ state }) => state === "LOADING")) delay = POLL_LOADING_MS;
    } catch (error) {
      byId("server-notice").replaceChildren(errorNotice(new api.CallError(error.message), {}));
    }
  }
  setTimeout(poll, delay);
}

// -- sending -------------------------------------------------------------------------------------

async function run() {
  if (running) return;
  const name = chosen;
  const sending = form;
  const args = await sending.collect();
  if (args === null) return;
  const problem = tooMuch(args);
  clearNotice();
  if (problem) {
    byId("notice").replaceChildren(notice("error", t("tooLargeTitle"), problem));
    return;
  }
  running = new AbortController();
  const stopClock = startClock();
  try {
    const reply = await api.predict(name, args, running.signal);
    if (form === sending) await showReply(reply, sending);
  } catch (error) {
    if (error.name === "AbortError") byId("progress").textContent = t("stopped");
    else if (error instanceof api.CallError) await showError(error);
    else throw error;
  } finally {
    running = null;
    stopClock();
    if (form === sending) showCode(name, args, sending);
  }
}

function tooMuch(args) {
  for (const field of form.imageFields) {
    if (field.pictures.length > field.limit) return t("tooManyImages", { count: field.limit });
  }
  const bytes = new Blob([JSON.stringify(args)]).size;
  const megabytes = (value) => (value / 1e6).toFixed(1);
  return bytes > server.max_body_bytes ? t("tooLarge", { size: megabytes(bytes), limit: megabytes(server.max_body_bytes) }) : "";
}

function startClock() {
  const began = performance.now();
  const tick = () => { byId("progress").textContent = t("running", { seconds: ((performance.now() - began) / 1000).toFixed(0) }); };
  byId("run").disabled = true;
  byId("stop").hidden = false;
  tick();
  const timer = setInterval(tick, 1000);
  return () => {
    clearInterval(timer);
    byId("run").disabled = false;
    byId("stop").hidden = true;
    if (byId("progress").textContent === "" || document.activeElement === document.body) byId("run").focus({ preventScroll: true });
  };
}

async function showError(error) {
  byId("result").hidden = true;
  byId("progress").textContent = "";
  needsKey ||= error.code === 401;
  const hasKey = Boolean(api.key.get());
  wasRefused = error.code === 401 && hasKey;
  if ([0, 404, 503].includes(error.code)) {
    try { ({ server, modules } = await api.listModules()); drawModules(); } catch { /* the error at hand says enough */ }
  }
  const state = current()?.state;
  if (current()) byId("module-state").replaceChildren(stateMark(state));
  byId("notice").replaceChildren(errorNotice(error, { state, hasKey, onRetry: run, onKey: askForKey }));
}

// -- the reply -----------------------------------------------------------------------------------

async function showReply({ text, envelope, timings, arrived }, sending) {
  const pictures = sending.imageFields.flatMap((field) => field.pictures);
  await Promise.all(pictures.map((picture) => picture.measured));
  const { results, msg } = envelope;
  const pages = readPages(results, pictures);
  const { unread, rest } = unreadPictures(msg ?? "", sending, (picture) => pages?.length !== pictures.length || !pages[pictures.indexOf(picture)].items.length);
  const texts = pages ? null : readTexts(results);
  let plain = typeof results === "string" ? results : JSON.stringify(results, null, 1);
  let view;
  if (pages) {
    view = ocrView(pages, pictures, unread);
    plain = linesText(pages);
  } else if (texts) {
    view = chipsView(texts);
    plain = tokensText(texts);
  } else {
    view = [h("pre", { tabindex: "0" }, plain)];
  }
  last = { text, plain };
  byId("view").replaceChildren(...view);
  byId("remark").replaceChildren(
    ...(unread.size ? [notice("error", t("unreadTitle"), [...unread.values()].join("\n"))] : []),
    ...(rest ? [notice("info", t("remarks"), rest)] : []),
  );
  byId("raw").hidden = !pages && !texts;
  byId("raw").querySelector("pre").textContent = shortened(envelope);
  byId("result").hidden = false;
  const ms = Math.round(timings.total);
  byId("progress").textContent = pages ? t("doneLines", { count: lineCount(pages), ms }) : t("done", { ms });
  await painted();
  performance.measure("hub-reply-drawn", { start: arrived, end: performance.now() });
  showTimings({ ...timings, drawn: performance.now() - arrived });
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

function showCode(name, args, sending) {
  const shown = { ...args };
  for (const field of sending.fields) {
    if (field.images && shown[field.parameter.name] !== undefined) shown[field.parameter.name] = field.images.references();
  }
  const url = api.address(`predict/${encodeURIComponent(name)}`);
  byId("curl").textContent = curl(url, shown, needsKey);
  byId("python").textContent = python(url, shown, needsKey);
  byId("code").hidden = false;
}

function clearNotice() {
  delete byId("notice").dataset.state;
  byId("notice").replaceChildren();
}

function clearResult() {
  clearNotice();
  byId("result").hidden = true;
  byId("code").hidden = true;
  byId("progress").textContent = "";
}

// -- key, language, theme ------------------------------------------------------------------------

function askForKey() {
  byId("key").value = "";
  byId("key-problem").textContent = wasRefused ? t("keyRefused") : "";
  if (!byId("key-dialog").open) byId("key-dialog").showModal();
}

function translate() {
  i18n.apply();
  byId("language").textContent = t("other");
  byId("language").lang = i18n.current() === "zh" ? "en" : "zh";
  byId("theme").textContent = t(theme.label());
}

byId("form").addEventListener("submit", (event) => { event.preventDefault(); run(); });
byId("form").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); run(); }
});
byId("stop").addEventListener("click", () => running?.abort());
byId("copy-text").addEventListener("click", (event) => copied(event.target, last.plain));
byId("download").addEventListener("click", () => save(`${chosen}.json`, last.text, "application/json"));
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", () => copied(button, byId(button.dataset.copy).textContent));
}
byId("key-button").addEventListener("click", askForKey);
byId("key-cancel").addEventListener("click", () => byId("key-dialog").close());
byId("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  api.key.set(byId("key").value.trim());
  byId("key-dialog").close();
  clearNotice();
  refresh();
});
byId("language").addEventListener("click", () => {
  i18n.toggle();
  translate();
  drawModules();
  if (current()) show(current(), { again: true });
});
byId("theme").addEventListener("click", () => { theme.next(); translate(); });
addEventListener("hashchange", () => {
  const found = modules.find(({ name }) => name === decodeURIComponent(location.hash.slice(1)));
  if (found && found.name !== chosen) show(found);
});
addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/"));
  if (files.length && form?.imageFields.length) { event.preventDefault(); form.imageFields[0].add(files); }
});
// A picture dropped beside the field must not replace the page.
for (const kind of ["dragover", "drop"]) {
  addEventListener(kind, (event) => { if (!event.defaultPrevented && event.dataTransfer?.types.includes("Files")) event.preventDefault(); });
}

async function copied(button, text) {
  await copy(text);
  const label = button.textContent;
  button.textContent = t("copied");
  setTimeout(() => { button.textContent = label; }, 1500);
}

theme.apply();
translate();
refresh().then(() => setTimeout(poll, POLL_LOADING_MS));
