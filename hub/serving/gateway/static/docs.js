// The API page: Swagger UI on the server's own document, with the key of this tab and the theme of the playground.

import { address, key } from "./api.js";
import { byId } from "./dom.js";
import * as theme from "./theme.js";

/** Operations of this group stay folded: there are five for each module. */
const FOLDED = "Triton (Open Inference Protocol)";

function headers() {
  return key.get() ? { Authorization: `Bearer ${key.get()}` } : {};
}

async function show() {
  const response = await fetch(address("openapi.json"), { headers: headers(), cache: "no-store" });
  byId("key-form").hidden = response.status !== 401;
  if (!response.ok) {
    byId("problem").textContent = (await response.json().catch(() => ({}))).msg ?? `HTTP ${response.status}`;
    return;
  }
  byId("problem").textContent = "";
  const spec = await response.json();
  spec.servers = [{ url: address(".").replace(/\/$/, "") }]; // right below a proxy's path, too
  const page = globalThis.SwaggerUIBundle({
    spec,
    dom_id: "#swagger",
    docExpansion: "list",
    defaultModelsExpandDepth: -1,
    validatorUrl: null,
    requestInterceptor: (request) => { request.headers = { ...headers(), ...request.headers }; return request; },
    onComplete: () => page.layoutActions.show(["operations-tag", FOLDED], false),
  });
}

byId("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  key.set(byId("key").value.trim());
  show();
});

const paint = () => document.documentElement.classList.toggle("dark-mode", theme.isDark());
theme.dark.addEventListener("change", paint);
paint();
show();
