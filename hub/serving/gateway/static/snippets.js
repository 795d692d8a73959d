// The curl command and the Python scripts that send what the page sends. Pure: text in, text out.

/** Stands in arguments for the content of a file. */
export class FileReference {
  constructor(name) { this.name = name; }
}

const MARK = "\u0001";
const shell = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
const joined = (lines) => lines.join(" \\\n  ");

/** `call` is {base, name, method, args, needsKey, streams}: args with a FileReference for each file. */
export function curl(call) {
  const lines = [`curl -s ${shell(addressOf(call))}`];
  if (call.needsKey) lines.push('-H "Authorization: Bearer $HUB_API_KEY"');
  const asJson = "-H 'Content-Type: application/json'";
  if (!files(call.args).length) return joined([...lines, asJson, `-d ${shell(JSON.stringify(call.args))}`]);
  const parts = Object.entries(call.args).flatMap(([name, value]) => formParts(name, value));
  if (!parts.includes(null)) return joined([...lines, ...parts]);
  return piped(call.args, joined([...lines, asJson, "--data-binary @-"]));
}

/** Parts of a form for an argument; null where a form would not say exactly this. */
function formParts(name, value) {
  if (!/^\w+$/.test(name)) return [null];
  // In a form, a file is always one of a list; an argument that is one image needs JSON.
  if (Array.isArray(value) && value.length && value.every((item) => item instanceof FileReference)) return value.map((file) => `-F ${shell(`${name}=@${quoted(file.name)}`)}`);
  if (files(value).length || (typeof value === "string" && isJson(value))) return [null]; // a text that would be read as a number, say
  return [`--form-string ${shell(`${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)}`];
}

/** A file's name as curl's -F takes it. */
const quoted = (name) => (/[;,"\\]|^[\s-]|\s$/.test(name) ? `"${name.replace(/["\\]/g, "\\$&")}"` : name);

function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return /^\s*(true|false|[-+]?(nan|inf(inity)?))\s*$/i.test(text);
  }
}

/** JSON with each file as base64, put together by the shell. */
function piped(args, command) {
  const names = [];
  const json = JSON.stringify(args, (_, value) => (value instanceof FileReference ? MARK + (names.push(value.name) - 1) + MARK : value));
  const parts = json.split(/\\u0001(\d+)\\u0001/);
  const printed = parts.map((part, index) => (index % 2 ? `base64 < ${shell(names[part])} | tr -d '\\n'` : `printf %s ${shell(part)}`));
  return `(${printed.join("; ")}) |\n  ${command}`;
}

const KEYWORDS = /^(False|None|True|and|as|assert|async|await|break|class|continue|def|del|elif|else|except|finally|for|from|global|if|import|in|is|lambda|nonlocal|not|or|pass|raise|return|try|while|with|yield|method|self)$/;
const isKeyword = (name) => /^[A-Za-z_]\w*$/.test(name) && !KEYWORDS.test(name);

export function client({ base, name, method, args, needsKey }) {
  const isPath = (argument) => argument !== "images" && argument !== "image"; // under those, a text is a path
  const usesPath = Object.entries(args).some(([argument, value]) => isPath(argument) && files(value).length);
  const given = Object.entries(args).map(([argument, value]) => [argument, literal(value, (file) => (isPath(argument) ? `Path(${literal(file.name)})` : literal(file.name)))]);
  const other = method ? [`method=${literal(method)}`] : [];
  const call = given.every(([argument]) => isKeyword(argument))
    ? `client.predict(${[literal(name), ...other, ...given.map((pair) => pair.join("="))].join(", ")})`
    : `client.call(${[literal(name), `{${given.map(([argument, text]) => `${literal(argument)}: ${text}`).join(", ")}}`, ...other].join(", ")}).results`;
  const options = [literal(base), ...(needsKey ? ['api_key=os.environ["HUB_API_KEY"]'] : [])].join(", ");
  const imports = [...(needsKey ? ["import os"] : []), ...(usesPath ? ["from pathlib import Path"] : [])];
  return [...imports, ...(imports.length ? [""] : []), "import hub", "", `with hub.Client(${options}) as client:`, `    print(${call})`, ""].join("\n");
}

export function requests(call) {
  const hasFiles = files(call.args).length > 0;
  const lines = [...(hasFiles ? ["import base64"] : []), ...(call.needsKey ? ["import os"] : []), ...(hasFiles ? ["from pathlib import Path"] : [])];
  if (lines.length) lines.push("");
  lines.push("import requests", "");
  if (hasFiles) lines.push("", "def encoded(path):", "    return base64.b64encode(Path(path).read_bytes()).decode()", "", "");
  const headers = call.needsKey ? `, headers={"Authorization": f"Bearer {os.environ['HUB_API_KEY']}"}` : "";
  const args = literal(call.args, (file) => `encoded(${literal(file.name)})`);
  lines.push(`arguments = ${args}`, `reply = requests.post(${literal(addressOf(call))}, json=arguments${headers}, timeout=90)`, `print(reply.${call.streams ? "text" : "json()"})`);
  return `${lines.join("\n")}\n`;
}

const addressOf = ({ base, name, method }) => `${base}/predict/${[name, method].filter(Boolean).map((part) => encodeURIComponent(part)).join("/")}`;

function files(value) {
  if (value instanceof FileReference) return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(files) : [];
}

/** A value in Python; `file` writes that of a file. */
function literal(value, file) {
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (value instanceof FileReference) return file(value);
  if (Array.isArray(value)) return `[${value.map((item) => literal(item, file)).join(", ")}]`;
  if (typeof value === "object") return `{${Object.entries(value).map(([name, item]) => `${literal(name)}: ${literal(item, file)}`).join(", ")}}`;
  return JSON.stringify(value); // numbers and strings read the same in Python
}
