// Errors as what they are: a title for the kind, the server's own words, and what can be done.

import { h } from "./dom.js";
import { t } from "./i18n.js";

/** Title by HTTP code; 503 is told apart by the module's state, since only the server's message differs. */
function titleOf(error, state) {
  if (error.code === 0) return "unreachable";
  if (error.code === 503) return state === "FAILED" ? "moduleFailed" : state === "LOADING" ? "loadingModule" : /max_queue_size|running and waiting/.test(error.message) ? "queueFull" : "unavailable";
  const known = { 400: "badRequest", 404: "unknownModule", 408: "deadline", 413: "tooLargeTitle", 415: "badRequest", 500: "moduleRaised", 502: "runnerLost", 504: "deadline" };
  return known[error.code] ?? "otherError";
}

/** `message` stands for the server's where files have names in it. */
export function errorNotice(error, { state, hasKey, onRetry, onKey, message = error.message }) {
  const isBusy = error.code === 503 && state !== "FAILED";
  const title = error.code === 401 ? (hasKey ? "keyWrong" : "keyMissing") : titleOf(error, state);
  const about = [error.code ? `HTTP ${error.code}` : "", error.status ? `status ${error.status}` : "", error.id ? t("requestId", { id: error.id }) : ""].filter(Boolean).join(" · ");
  return notice(isBusy ? "busy" : "error", t(title), error.code === 0 ? t("unreachableText") : message, about,
    error.code === 401 ? h("button", { type: "button", class: "enter-key", onclick: onKey }, t("enterKey")) : null,
    isBusy && onRetry ? retryButton(error.retryAfter, onRetry) : null);
}

export function notice(kind, title, message = "", about = "", ...actions) {
  return h("div", { class: `notice ${kind}` }, h("strong", {}, title), message ? h("span", { class: "message" }, message) : null,
    about ? h("span", { class: "dim" }, about) : null, actions.some(Boolean) ? h("div", { class: "actions" }, actions) : null);
}

/** Which files could not be read, and why: `unread` is picture → reason. */
export function filesNotice(unread) {
  const items = [...unread].map(([{ name }, reason]) => h("li", {}, h("b", {}, name), ` ${reason}`));
  return h("div", { class: "notice error" }, h("strong", {}, t(unread.size === 1 ? "unreadTitle" : "unreadTitles")), h("ul", { class: "message" }, items));
}

/** Counts Retry-After down; may be pressed before. */
function retryButton(seconds, onRetry) {
  const button = h("button", { type: "button", class: "retry", onclick: onRetry });
  const count = () => {
    button.textContent = seconds > 0 ? t("retryIn", { seconds }) : t("retry");
    if (seconds-- > 0 && (button.isConnected || seconds > 0)) setTimeout(count, 1000);
  };
  count();
  return button;
}
