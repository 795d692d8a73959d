// The curl command and the Python script that send what the page has just sent.

/** Stands in arguments for the base64 of a file. */
export class FileReference {
  constructor(name) { this.name = name; }
}

const MARK = "\u0001";
const shell = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

export function curl(url, args, needsKey) {
  const names = [];
  const json = JSON.stringify(args, (_, value) => (value instanceof FileReference ? MARK + (names.push(value.name) - 1) + MARK : value));
  const lines = [`curl -s ${shell(url)}`, "-H 'Content-Type: application/json'"];
  if (needsKey) lines.push('-H "Authorization: Bearer $HUB_API_KEY"');
  if (!names.length) return [...lines, `-d ${shell(json)}`].join(" \\\n  ");
  const parts = json.split(new RegExp(`\\\\u0001(\\d+)\\\\u0001`));
  const printed = parts.map((part, index) => (index % 2 ? `base64 < ${shell(names[part])} | tr -d '\\n'` : `printf %s ${shell(part)}`));
  return `(${printed.join("; ")}) |\n  ${[...lines, "--data-binary @-"].join(" \\\n  ")}`;
}

export function python(url, args, needsKey) {
  const hasFiles = containsFile(args);
  const lines = [];
  if (hasFiles) lines.push("import base64");
  if (needsKey) lines.push("import os");
  if (hasFiles) lines.push("from pathlib import Path");
  if (lines.length) lines.push("");
  lines.push("import requests", "");
  if (hasFiles) lines.push("", "def encoded(path):", "    return base64.b64encode(Path(path).read_bytes()).decode()", "", "");
  const headers = needsKey ? `, headers={"Authorization": f"Bearer {os.environ['HUB_API_KEY']}"}` : "";
  lines.push(`arguments = ${literal(args)}`, `reply = requests.post(${literal(url)}, json=arguments${headers}, timeout=90)`, "print(reply.json())");
  return lines.join("\n") + "\n";
}

function containsFile(value) {
  if (value instanceof FileReference) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(containsFile);
}

function literal(value) {
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (value instanceof FileReference) return `encoded(${literal(value.name)})`;
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value === "object") return `{${Object.entries(value).map(([name, item]) => `${literal(name)}: ${literal(item)}`).join(", ")}}`;
  return JSON.stringify(value); // numbers and strings read the same in Python
}
