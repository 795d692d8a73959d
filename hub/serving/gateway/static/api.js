// Calls to the server this page came from. Addresses are relative, so a proxy may put it below a path.

const KEY = "hub.key";
export const key = {
  get: () => sessionStorage.getItem(KEY) ?? "",
  set: (value) => (value ? sessionStorage.setItem(KEY, value) : sessionStorage.removeItem(KEY)),
};

/** What went wrong with a request: `code` 0 means that there was no answer at all. */
export class CallError extends Error {
  constructor(message, { code = 0, status = "", retryAfter = 0, id = "" } = {}) {
    super(message);
    Object.assign(this, { code, status, retryAfter, id });
  }
}

export const address = (path) => new URL(path, document.baseURI).href;

async function ask(path, options = {}) {
  const headers = { Accept: "application/json", ...options.headers };
  if (key.get()) headers.Authorization = `Bearer ${key.get()}`;
  try {
    return await fetch(address(path), { ...options, headers, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new CallError(error.message);
  }
}

async function failure(response, text) {
  let envelope = {};
  try { envelope = JSON.parse(text); } catch { /* a proxy's own page, say */ }
  return new CallError(envelope.msg || text.slice(0, 300) || response.statusText, {
    code: response.status,
    status: envelope.status,
    retryAfter: Number(response.headers.get("Retry-After")) || 0,
    id: response.headers.get("X-Request-ID") ?? "",
  });
}

export async function listModules() {
  const response = await ask("api/modules");
  if (!response.ok) throw await failure(response, await response.text());
  return response.json();
}

/** State of every module; needs no key and makes no line in the log. */
export async function readiness() {
  const response = await ask("health/ready");
  return (await response.json()).modules ?? {};
}

/** POST /predict/<name>. Returns {text, envelope, timings, arrived}. */
export async function predict(name, args, signal) {
  const began = performance.now();
  const response = await ask(`predict/${encodeURIComponent(name)}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(args),
    signal,
  });
  let text;
  try {
    text = await response.text();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new CallError(error.message);
  }
  const arrived = performance.now();
  if (!response.ok) throw await failure(response, text);
  const envelope = isStream(response) ? joined(text) : JSON.parse(text);
  // status_style 2.x: an error may come with HTTP 200, as in PaddleHub 2.x.
  if (!/^0+$/.test(String(envelope.status))) throw await failure(response, JSON.stringify(envelope));
  return { text, envelope, arrived, timings: timings(response, arrived - began) };
}

const isStream = (response) => response.headers.get("Content-Type") === "application/x-ndjson";

/** The envelope that a stream's lines make together; the last one says how it ended. */
function joined(text) {
  const lines = text.trimEnd().split("\n").map((line) => JSON.parse(line));
  const end = lines.pop();
  return { msg: end.msg ?? "", results: lines, status: end.status };
}

function timings(response, total) {
  const found = { total };
  for (const part of (response.headers.get("Server-Timing") ?? "").split(",")) {
    const [, name, duration] = part.match(/^\s*(\w+);dur=([\d.]+)/) ?? [];
    if (name) found[name] = Number(duration);
  }
  found.network = Math.max(0, total - (found.queue ?? 0) - (found.batch ?? 0) - (found.inference ?? 0));
  const attempts = Number(response.headers.get("X-Hub-Attempts")) || 1;
  if (attempts > 1) found.attempts = attempts;
  return found;
}
