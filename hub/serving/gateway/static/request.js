// One request at a time: its limits, its clock, and the button that stops it.

import * as api from "./api.js";
import { byId } from "./dom.js";
import { t } from "./i18n.js";
import { notice } from "./notices.js";
import { clearNotice, showError, showReply } from "./reply_view.js";

let running = null; // AbortController of the request under way

export const stop = () => running?.abort();

/**
 * Send what the form has. `call` is {name, method, form, server}; `isShown` tells whether the form is still on show,
 * and `onError` is called with a CallError.
 */
export async function run(call, { isShown, onError }) {
  if (running) return;
  const args = await call.form.collect();
  if (args === null) return;
  const problem = tooMuch(args, call);
  clearNotice();
  if (problem) {
    showError(notice("error", t("tooLargeTitle"), problem));
    return;
  }
  running = new AbortController();
  for (const picture of call.form.pictures) picture.problem = "";
  const stopClock = startClock();
  try {
    const reply = await api.predict(call.name, call.method, args, running.signal);
    stopClock(); // what it moves on the page must not move the result
    if (isShown()) await showReply(reply, { ...call, args });
  } catch (error) {
    stopClock();
    if (error.name === "AbortError") byId("progress").textContent = t("stopped");
    else if (error instanceof api.CallError) await onError(error);
    else throw error;
  } finally {
    running = null;
  }
}

function tooMuch(args, { form, server }) {
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
  byId("output").setAttribute("aria-busy", "true");
  tick();
  const timer = setInterval(tick, 1000);
  return () => {
    clearInterval(timer);
    byId("run").disabled = false;
    byId("stop").hidden = true;
    byId("output").removeAttribute("aria-busy");
    if (document.activeElement === document.body) byId("run").focus({ preventScroll: true });
  };
}
