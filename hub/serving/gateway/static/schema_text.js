// What a JSON Schema allows, in a few words beside the field's name.

import { t } from "./i18n.js";

/** What a schema asks for once "or null" is left out. */
export const options = (schema) => (schema.anyOf ?? [schema]).filter((part) => part.type !== "null");

/** "whole number, 1 … 9", say; "" where the schema allows anything. */
export function typeText(schema) {
  return [...new Set(options(schema).map(one).filter(Boolean))].join(` ${t("or")} `);
}

function one(schema) {
  if (schema.enum) return t("typeChoice");
  if (schema.contentEncoding) return t("typeImage");
  const name = { string: "typeText", integer: "typeInteger", number: "typeNumber", boolean: "typeBoolean", object: "typeObject", array: "typeList" }[schema.type];
  if (!name) return "";
  const of = schema.type === "array" ? typeText(schema.items ?? {}) : "";
  const bounds = [rangeOf(schema), sized(schema, "Length", "sizeText"), sized(schema, "Items", "sizeList"), schema.pattern ? t("pattern", { pattern: schema.pattern }) : "", schema.multipleOf ? t("multipleOf", { value: schema.multipleOf }) : ""];
  return [of ? t("typeListOf", { of }) : t(name), ...bounds].filter(Boolean).join(", ");
}

/** The bounds of a number as "1 … 9"; "" where it has none. */
export function rangeOf({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }) {
  const lowest = minimum ?? (exclusiveMinimum === undefined ? "" : `> ${exclusiveMinimum}`);
  const highest = maximum ?? (exclusiveMaximum === undefined ? "" : `< ${exclusiveMaximum}`);
  return lowest === "" && highest === "" ? "" : `${lowest} … ${highest}`.trim();
}

export const isWithin = (value, { minimum = -Infinity, exclusiveMinimum = -Infinity, maximum = Infinity, exclusiveMaximum = Infinity }) =>
  value >= minimum && value > exclusiveMinimum && value <= maximum && value < exclusiveMaximum;

function sized(schema, what, text) {
  const [least, most] = [schema[`min${what}`], schema[`max${what}`]];
  return least === undefined && most === undefined ? "" : t(text, { range: `${least ?? 0} … ${most ?? ""}`.trim() });
}
