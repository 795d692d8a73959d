// The call as code, in tabs; it follows the form.

import { address } from "./api.js";
import { byId, copied } from "./dom.js";
import { t } from "./i18n.js";
import { client, curl, FileReference, requests } from "./snippets.js";

const WRITERS = { curl, client, requests };
const tabs = Object.keys(WRITERS).map((name) => byId(`tab-${name}`));

/** Write the code for a call: {name, method, args, needsKey}. */
export function showCode(call) {
  const whole = { ...call, base: address(".").replace(/\/$/, "") };
  for (const [name, write] of Object.entries(WRITERS)) byId(name).textContent = write(whole);
  byId("code-files").hidden = !Object.values(call.args).flat().some((value) => value instanceof FileReference);
}

function choose(tab) {
  for (const each of tabs) {
    each.setAttribute("aria-selected", String(each === tab));
    each.tabIndex = each === tab ? 0 : -1;
    byId(each.getAttribute("aria-controls")).hidden = each !== tab;
  }
}

for (const [index, tab] of tabs.entries()) {
  tab.addEventListener("click", () => choose(tab));
  tab.addEventListener("keydown", (event) => {
    const target = { ArrowRight: (index + 1) % tabs.length, ArrowLeft: (index + tabs.length - 1) % tabs.length, Home: 0, End: tabs.length - 1 }[event.key];
    if (target === undefined) return;
    event.preventDefault();
    choose(tabs[target]);
    tabs[target].focus();
  });
}
byId("copy-code").addEventListener("click", (event) => {
  const tab = tabs.find((each) => each.getAttribute("aria-selected") === "true");
  copied(event.target, byId(tab.id.replace("tab-", "")).textContent, t("copied"));
});
