// The controls of a form: each builder gives an element, its input, and how its value is read.

import { h } from "./dom.js";
import { t } from "./i18n.js";
import { isWithin, options, rangeOf, typeText } from "./schema_text.js";

/** A field's problem; the form shows it beside the field. */
export class Problem extends Error {}

/** Build the control that a schema asks for: {input, element, read}; read raises Problem. */
export function build(id, parameter, { initial, isMain }) {
  const { kind, schema } = kindOf(parameter.schema);
  return BUILDERS[kind](id, parameter, { schema, initial, isMain });
}

function kindOf(schema) {
  const allowed = options(schema);
  if (allowed.length === 1) return { kind: simpleKind(allowed[0]), schema: allowed[0] };
  const list = allowed.find((part) => simpleKind(part) === "lines");
  return { kind: list ? "lines" : "json", schema: list ?? schema };
}

function simpleKind(schema) {
  if (schema.enum) return "choice";
  if (schema.type === "array") return !schema.items?.type || schema.items.type === "string" ? "lines" : "json";
  return { string: "text", integer: "number", number: "number", boolean: "check" }[schema.type] ?? "json";
}

/** The field's name, what it takes, and what it is for, above its input. */
function labelled(id, parameter, hint, input) {
  const note = [parameter.schema.description, hint].filter(Boolean).join(" ");
  const type = [parameter.required ? t("required") : "", typeText(parameter.schema)].filter(Boolean).join(", ");
  if (note) input.setAttribute("aria-describedby", `${id}-note`);
  return h("div", { class: "field" }, h("div", { class: "name" }, h("label", { for: id }, parameter.name), type ? h("span", { class: "type" }, type) : null),
    note ? h("span", { class: "hint", id: `${id}-note` }, note) : null, input);
}

function choice(id, parameter, { schema, initial }) {
  const input = h("select", { id }, parameter.required ? [] : h("option", { value: "" }, t("notGiven")),
    schema.enum.map((value, index) => h("option", { value: String(index) }, String(value))));
  const at = schema.enum.indexOf(initial);
  input.value = at >= 0 ? String(at) : input.options[0].value;
  return { input, element: labelled(id, parameter, "", input), read: () => schema.enum[input.value === "" ? -1 : Number(input.value)] };
}

function text(id, parameter, { initial, isMain }) {
  const input = isMain ? h("textarea", { id }) : h("input", { id, type: "text" });
  input.value = initial ?? "";
  return { input, element: labelled(id, parameter, "", input), read: () => (input.value === "" && !parameter.required ? undefined : input.value) };
}

function lines(id, parameter, { initial }) {
  const input = h("textarea", { id, value: Array.isArray(initial) ? initial.join("\n") : "" });
  const read = () => {
    const found = input.value.split("\n").map((line) => line.trim()).filter(Boolean);
    return found.length ? found : undefined;
  };
  return { input, element: labelled(id, parameter, t("onePerLine"), input), read };
}

function number(id, parameter, { schema, initial }) {
  const input = h("input", { id, type: "text", inputmode: "decimal", value: initial ?? "" });
  const read = () => {
    if (input.value.trim() === "") return undefined;
    const value = Number(input.value);
    if (!Number.isFinite(value)) throw new Problem(t("needNumber"));
    if (schema.type === "integer" && !Number.isInteger(value)) throw new Problem(t("needInteger"));
    if (!isWithin(value, schema)) throw new Problem(t("needRange", { range: rangeOf(schema) }));
    return value;
  };
  return { input, element: labelled(id, parameter, "", input), read };
}

function check(id, parameter, { initial }) {
  if (typeof initial !== "boolean" && !parameter.required) {
    return choice(id, parameter, { schema: { enum: [true, false] }, initial });
  }
  const input = h("input", { id, type: "checkbox" });
  input.checked = initial === true;
  const hint = parameter.schema.description;
  if (hint) input.setAttribute("aria-describedby", `${id}-note`);
  const element = h("div", { class: "field check" }, input, h("label", { for: id }, parameter.name), hint ? h("span", { class: "hint", id: `${id}-note` }, hint) : null);
  return { input, element, read: () => input.checked };
}

export function json(id, parameter, { initial }) {
  const input = h("textarea", { id, class: "json", spellcheck: "false" });
  input.value = initial === undefined || initial === null ? "" : JSON.stringify(initial, null, 1);
  return { input, element: labelled(id, parameter, t("asJson"), input), read: () => parsed(input.value) };
}

function parsed(text) {
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Problem(t("needJson", { why: error.message }));
  }
}

const BUILDERS = { choice, text, lines, number, check, json };
