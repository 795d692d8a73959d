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

/** The path of a module, or of another of its serving methods. */
export const route = (name, method) => ["predict", name, method].filter(Boolean).map((part) => encodeURIComponent(part)).join("/");

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

async function content(response, kind) {
  try {
    return await response[kind]();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new CallError(error.message);
  }
}

function failure(response, text, envelope = object(text)) {
  return new CallError(envelope?.msg || text.slice(0, 300) || response.statusText, {
    code: response.status,
    status: envelope?.status,
    retryAfter: Number(response.headers.get("Retry-After")) || 0,
    id: response.headers.get("X-Request-ID") ?? "",
  });
}

/** The JSON object that a text is; null for anything else, such as a proxy's own page. */
function object(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

export async function listModules() {
  const response = await ask("api/modules");
  if (!response.ok) throw failure(response, await content(response, "text"));
  return response.json();
}

/** State of every module; needs no key and makes no line in the log. */
export async function readiness() {
  const response = await ask("health/ready");
  return (await response.json()).modules ?? {};
}

const isError = (envelope) => envelope?.status !== undefined && !/^0+$/.test(String(envelope.status));

/**
 * Call a serving method: {text, envelope, timings, arrived, problem}. `envelope` is null for a reply that is not
 * one JSON object, as that of a stream is not; `problem` is the error with which such a one ended.
 */
export async function predict(name, method, args, signal) {
  const began = performance.now();
  const response = await ask(route(name, method), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(args),
    signal,
  });
  const text = await content(response, "text");
  const arrived = performance.now();
  const end = object(text.trimEnd().split("\n").at(-1));
  const isWhole = isStream(response) && end?.status !== undefined && !isError(end);
  const envelope = isWhole ? joined(text) : object(text);
  // status_style 2.x: an error may come with HTTP 200, as in PaddleHub 2.x.
  if (!response.ok || isError(envelope)) throw failure(response, text);
  const problem = !envelope && isError(end) ? failure(response, text, end) : null;
  return { text, envelope, problem, arrived, timings: timings(response, arrived - began) };
}

const PAGE_ATTEMPTS = 5;
let drawing = Promise.resolve();

/** Ask for a page, again where the server draws those of others at the moment. */
async function drawn(file, number, attempts) {
  const response = await ask(`api/page?page=${number}`, { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file });
  if (response.status !== 503 || attempts === 1) return response;
  await new Promise((resolve) => { setTimeout(resolve, 1000 * (Number(response.headers.get("Retry-After")) || 1)); });
  return drawn(file, number, attempts - 1);
}

/** A page of a file as a picture: {url, size, total, isAnimation}. One after the other: the server draws few at once. */
export function pagePicture(file, number) {
  const found = drawing.then(async () => {
    const response = await drawn(file, number, PAGE_ATTEMPTS);
    if (!response.ok) throw failure(response, await content(response, "text"));
    return {
      url: URL.createObjectURL(await content(response, "blob")),
      size: response.headers.get("X-Hub-Page-Size").split("x").map(Number),
      total: Number(response.headers.get("X-Hub-Pages")),
      isAnimation: response.headers.get("X-Hub-Page-Kind") === "frame",
    };
  });
  drawing = found.catch(() => {});
  return found;
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
