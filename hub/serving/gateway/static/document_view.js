// The pages of a PDF, a TIFF or an animation, one at a time, with their lines.

import { CallError } from "./api.js";
import { h } from "./dom.js";
import { t } from "./i18n.js";
import { pageElements } from "./page_view.js";

/** `read` is what the reply says of the file: {asked, count, failed}, pages asked for, read, and not readable. */
export function documentView(picture, items, read) {
  const found = [...new Set(items.map(({ page }) => page ?? 0))].sort((one, other) => one - other);
  let numbers = found.length ? found : [0];
  let at = 0;
  const body = h("div", { class: "page-body" });
  const where = h("span", { class: "where", role: "status" });
  const step = (by, text) => h("button", { type: "button", class: "step", "aria-label": t(text), onclick: () => show(at + by) }, by < 0 ? "‹" : "›");
  const [back, forward] = [step(-1, "pageBefore"), step(1, "pageAfter")];
  const pager = h("div", { class: "pager", role: "group", "aria-label": t("pagesOf", { name: picture.name }) }, back, where, forward);

  const draw = (number, figure, note = "") => {
    const lines = items.filter(({ page }) => (page ?? 0) === number);
    const problem = read.failed.get(number);
    const count = problem ?? (lines.length === 1 ? t("line1") : lines.length ? t("lines", { count: lines.length }) : t("noText"));
    where.textContent = `${t("pageOf", { number: number + 1, total: figure?.total ?? "…" })} · ${count}`;
    where.classList.toggle("problem", problem !== undefined);
    pager.hidden = numbers.length < 2 && (figure?.total ?? 1) < 2;
    back.disabled = at === 0;
    forward.disabled = at === numbers.length - 1;
    const elements = pageElements(lines, picture.name, figure ?? (lines.length ? {} : null));
    body.replaceChildren(...elements, ...(note ? [h("p", { class: "dim note" }, note)] : []));
  };

  async function show(index) {
    at = index;
    const number = numbers[at];
    body.setAttribute("aria-busy", "true");
    let figure = null;
    let note = "";
    try {
      figure = await picture.page(number);
      numbers = pagesOf(figure, found, read);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      note = error.message;
    }
    if (index !== at) return;
    at = Math.max(0, numbers.indexOf(number));
    const hadFocus = document.activeElement;
    draw(number, figure, note);
    if (hadFocus?.disabled) (hadFocus === back ? forward : back).focus();
    body.removeAttribute("aria-busy");
  }

  const count = items.length === 1 ? t("line1") : items.length ? t("lines", { count: items.length }) : t("noText");
  draw(numbers[0], null);
  show(0);
  return h("div", { class: "page document" }, h("h4", {}, `${picture.name} — ${count}`), pager, body);
}

/** The pages that were read, by number from 0; frames of an animation that are as the one before were not. */
function pagesOf({ total, isAnimation }, found, { asked, count }) {
  if (Array.isArray(asked)) return [...new Set(asked)];
  if (isAnimation) return found.length ? found : [0];
  const most = Number.isInteger(asked) ? asked : count ?? total;
  return Array.from({ length: Math.min(total, most) }, (_, number) => number);
}
