// The dialog for the API key. It stays open until the server takes the key.

import * as api from "./api.js";
import { byId } from "./dom.js";
import { t } from "./i18n.js";

let accepted = () => {};

/** Have a function called with what the server lists, once it has taken a key. */
export const onAccepted = (action) => { accepted = action; };

/** Ask for a key; `wasRefused`: the one that the tab has is none. */
export function askForKey({ wasRefused = false } = {}) {
  tell(wasRefused ? t("keyRefused") : "");
  if (byId("key-dialog").open) return;
  byId("key").value = "";
  byId("key-dialog").showModal();
}

function tell(problem) {
  byId("key-problem").textContent = problem;
  byId("key").setAttribute("aria-invalid", String(Boolean(problem)));
}

async function check() {
  const before = api.key.get();
  tell("");
  api.key.set(byId("key").value.trim());
  byId("key-use").disabled = true;
  try {
    const listing = await api.listModules();
    byId("key-dialog").close();
    accepted(listing);
  } catch (error) {
    if (!(error instanceof api.CallError)) throw error;
    api.key.set(before);
    tell(error.code === 401 ? t("keyRefused") : error.code === 0 ? t("unreachable") : error.message);
    byId("key").select();
  } finally {
    byId("key-use").disabled = false;
  }
}

byId("key-cancel").addEventListener("click", () => byId("key-dialog").close());
byId("key-form").addEventListener("submit", (event) => { event.preventDefault(); check(); });
