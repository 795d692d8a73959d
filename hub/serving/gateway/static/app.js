// The playground: which module is on show, and what the buttons of the page do.

import * as api from "./api.js";
import { showCode } from "./code_panel.js";
import { byId, h } from "./dom.js";
import { ModuleForm } from "./fields.js";
import * as i18n from "./i18n.js";
import { askForKey, onAccepted } from "./key_dialog.js";
import { errorNotice, notice } from "./notices.js";
import { clearNotice, clearResult, showError } from "./reply_view.js";
import * as request from "./request.js";
import * as theme from "./theme.js";

const { t } = i18n;
const POLL_MS = 5000;
const POLL_LOADING_MS = 1000;

let server = { max_body_bytes: Infinity, max_images: 64, version: "" };
let modules = [];
let chosen = null; // name of the module on show
let method = ""; // of its serving methods; "" for the first
let form = null;
let needsKey = false;

// -- modules -------------------------------------------------------------------------------------

async function refresh() {
  try {
    take(await api.listModules());
  } catch (error) {
    if (!(error instanceof api.CallError)) throw error;
    const hasKey = Boolean(api.key.get());
    needsKey ||= error.code === 401;
    byId("key-button").hidden = !needsKey;
    byId("server-notice").replaceChildren(errorNotice(error, { hasKey, onKey: () => askForKey() }));
    if (error.code === 401) askForKey({ wasRefused: hasKey });
  }
}

/** Show what the server lists. */
function take(listing) {
  ({ server, modules } = listing);
  byId("server-notice").replaceChildren();
  needsKey ||= Boolean(api.key.get());
  byId("key-button").hidden = !needsKey;
  byId("version").textContent = server.version;
  drawModules();
  const found = modules.find(({ name }) => name === (chosen ?? wanted()[0])) ?? modules[0];
  if (found) show(found, { called: chosen === null ? wanted()[1] : method });
  else byId("server-notice").replaceChildren(notice("info", t("noModules")));
}

/** Module and method that the address names. */
const wanted = () => [...location.hash.slice(1).split("/").map(decoded), ""];

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // names no module
  }
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

/** Show a module with one of its methods; what was typed stays as long as they are the same. */
function show(module, { called = "", again = false } = {}) {
  const known = called in (module.methods ?? {}) ? called : "";
  const described = known ? module.methods[known] : module;
  const signature = JSON.stringify([module.name, known, described.parameters, described.takes_any]);
  chosen = module.name;
  method = known;
  byId("module").hidden = false;
  byId("module-name").textContent = module.name;
  byId("module-version").textContent = module.version;
  byId("module-state").replaceChildren(stateMark(module.state));
  byId("module-summary").textContent = known ? described.summary : module.summary;
  byId("doc").textContent = described.doc;
  byId("about").hidden = !described.doc;
  drawMethods(module);
  for (const button of byId("modules").querySelectorAll("button")) {
    if (button.dataset.name === chosen) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
  if (again || form?.signature !== signature) {
    form = new ModuleForm(described, server);
    form.signature = signature;
    form.onchange = updateCode;
    byId("fields").replaceWith(form.element);
    request.stop();
    clearResult();
  }
  tellState(module);
  updateCode();
}

function drawMethods(module) {
  const others = Object.keys(module.methods ?? {});
  byId("method-field").hidden = !others.length;
  byId("method").replaceChildren(...[["", module.method || module.name], ...others.map((name) => [name, name])].map(([value, text]) => h("option", { value }, text)));
  byId("method").value = method;
}

function tellState(module) {
  const place = byId("notice");
  if (module.state !== "READY") {
    const isFailed = module.state === "FAILED";
    place.dataset.state = module.state;
    place.replaceChildren(notice(isFailed ? "error" : "busy", t(isFailed ? "moduleFailed" : "loadingModule"), module.reason));
  } else if (module.reason.startsWith("reload failed")) {
    place.dataset.state = module.state;
    place.replaceChildren(notice("error", t("notReloaded"), module.reason));
  } else if (place.dataset.state) {
    clearNotice();
  }
}

const current = () => modules.find(({ name }) => name === chosen);

function updateCode() {
  const module = current();
  const { streams } = (method ? module?.methods[method] : module) ?? {};
  if (form) showCode({ name: chosen, method, args: form.draft(), needsKey, streams });
}

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

function run() {
  const sent = form;
  return request.run({ name: chosen, method, form, server }, { isShown: () => form === sent, onError });
}

async function onError(error) {
  const hasKey = Boolean(api.key.get());
  needsKey ||= error.code === 401;
  byId("key-button").hidden = !needsKey;
  if ([0, 404, 503].includes(error.code)) {
    try { ({ server, modules } = await api.listModules()); drawModules(); } catch { /* the error at hand says enough */ }
  }
  const state = current()?.state;
  if (current()) byId("module-state").replaceChildren(stateMark(state));
  const marked = [...error.message.matchAll(/\b(\w+)\[(\d+)\]/g)].map(([, name, index]) => form.picture(name, index)).filter(Boolean);
  for (const picture of marked) picture.problem = error.message;
  for (const field of form.imageFields) field.draw();
  showError(errorNotice(error, { state, hasKey, onRetry: run, onKey: () => askForKey(), message: form.named(error.message) }));
  if (error.code === 401) askForKey({ wasRefused: hasKey });
  updateCode();
}

// -- the page ------------------------------------------------------------------------------------

function translate() {
  i18n.apply();
  byId("language").textContent = t("other");
  byId("language").lang = i18n.current() === "zh" ? "en" : "zh";
  byId("theme").textContent = t(theme.label());
}

byId("form").addEventListener("submit", (event) => { event.preventDefault(); run(); });
byId("form").addEventListener("input", updateCode);
byId("form").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); run(); }
});
byId("method").addEventListener("change", ({ target }) => {
  location.hash = [chosen, target.value].filter(Boolean).map(encodeURIComponent).join("/");
});
byId("stop").addEventListener("click", request.stop);
byId("key-button").addEventListener("click", () => askForKey());
onAccepted((listing) => { clearNotice(); take(listing); });
byId("language").addEventListener("click", () => {
  i18n.toggle();
  translate();
  drawModules();
  if (current()) show(current(), { called: method, again: true });
});
byId("theme").addEventListener("click", () => { theme.next(); translate(); });
addEventListener("hashchange", () => {
  const [name, called] = wanted();
  const found = modules.find((module) => module.name === name);
  if (found && (found.name !== chosen || called !== method)) show(found, { called });
});
addEventListener("paste", (event) => {
  const [field] = form?.imageFields ?? [];
  const files = field ? [...(event.clipboardData?.files ?? [])].filter(field.accepts) : [];
  if (files.length) { event.preventDefault(); field.add(files); }
});
// A picture dropped beside the field must not replace the page.
for (const kind of ["dragover", "drop"]) {
  addEventListener(kind, (event) => { if (!event.defaultPrevented && event.dataTransfer?.types.includes("Files")) event.preventDefault(); });
}

theme.apply();
translate();
refresh().then(() => setTimeout(poll, POLL_LOADING_MS));
