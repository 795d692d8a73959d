// The form of a module: one field per argument, made from its signature.

import { h } from "./dom.js";
import { t } from "./i18n.js";
import { ImageField } from "./image_field.js";

let serial = 0;

/** A field's problem; the form shows it beside the field. */
export class Problem extends Error {}

/** What a schema asks for once "or null" is left out. */
function kindOf(schema) {
  const options = (schema.anyOf ?? [schema]).filter((part) => part.type !== "null");
  if (options.length === 1) return { kind: simpleKind(options[0]), schema: options[0] };
  const list = options.find((part) => simpleKind(part) === "lines");
  return { kind: list ? "lines" : "json", schema: list ?? schema };
}

function simpleKind(schema) {
  if (schema.enum) return "choice";
  if (schema.type === "array") return !schema.items?.type || schema.items.type === "string" ? "lines" : "json";
  return { string: "text", integer: "number", number: "number", boolean: "check" }[schema.type] ?? "json";
}

const BUILDERS = { choice, text, lines, number, check, json };

class Field {
  constructor(parameter, built) {
    Object.assign(this, { parameter, ...built });
    this.problem = h("span", { class: "problem", id: `${this.input.id}-problem`, hidden: true });
    this.element.append(this.problem);
  }

  show(message) {
    this.problem.hidden = !message;
    this.problem.textContent = message;
    this.input.setAttribute("aria-invalid", String(Boolean(message)));
    if (message) this.input.setAttribute("aria-describedby", this.problem.id);
    else this.input.removeAttribute("aria-describedby");
  }

  /** undefined for an argument that is left out. Raises Problem. */
  async value() {
    const value = await this.read();
    if (value === undefined && this.parameter.required) throw new Problem(t(this.parameter.is_image ? "needImage" : "needValue"));
    return value;
  }
}

function labelled(id, parameter, hint, input) {
  const note = [parameter.schema.description, hint].filter(Boolean).join(" ");
  const label = h("label", { for: id }, parameter.name, parameter.required ? h("span", { class: "dim" }, ` (${t("required")})`) : null);
  return h("div", { class: "field" }, label, note ? h("span", { class: "hint" }, note) : null, input);
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

const isWithin = (value, { minimum = -Infinity, exclusiveMinimum = -Infinity, maximum = Infinity }) => value >= minimum && value > exclusiveMinimum && value <= maximum;

function rangeOf({ minimum, exclusiveMinimum, maximum }) {
  const lowest = minimum ?? (exclusiveMinimum === undefined ? "" : `> ${exclusiveMinimum}`);
  return lowest === "" && maximum === undefined ? "" : `${lowest} … ${maximum ?? ""}`.trim();
}

function number(id, parameter, { schema, initial }) {
  const range = rangeOf(schema);
  const input = h("input", { id, type: "text", inputmode: "decimal", value: initial ?? "" });
  const read = () => {
    if (input.value.trim() === "") return undefined;
    const value = Number(input.value);
    if (!Number.isFinite(value)) throw new Problem(t("needNumber"));
    if (schema.type === "integer" && !Number.isInteger(value)) throw new Problem(t("needInteger"));
    if (!isWithin(value, schema)) throw new Problem(t("needRange", { range }));
    return value;
  };
  return { input, element: labelled(id, parameter, range && `(${range})`, input), read };
}

function check(id, parameter, { initial }) {
  if (typeof initial !== "boolean" && !parameter.required) {
    return choice(id, parameter, { schema: { enum: [true, false] }, initial });
  }
  const input = h("input", { id, type: "checkbox" });
  input.checked = initial === true;
  const hint = parameter.schema.description;
  const element = h("div", { class: "field check" }, input, h("label", { for: id }, parameter.name), hint ? h("span", { class: "hint" }, hint) : null);
  return { input, element, read: () => input.checked };
}

function json(id, parameter, { initial }) {
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

export class ModuleForm {
  constructor(module, server) {
    this.fields = [];
    const isMain = (parameter) => parameter.is_image || parameter.required || parameter.name === module.batch;
    const main = module.parameters.filter(isMain);
    const others = module.parameters.filter((parameter) => !isMain(parameter));
    const shown = main.length ? main : others;
    this.element = h("div", { id: "fields" }, shown.map((parameter) => this.#add(parameter, module, server, true)));
    const more = main.length ? others.map((parameter) => this.#add(parameter, module, server, false)) : [];
    if (module.takes_any) more.push(this.#addAny());
    if (more.length) {
      this.element.append(h("details", { class: "more" }, h("summary", {}, t("options")), h("div", { class: "field" }, more)));
    }
  }

  #add(parameter, module, server, isMain) {
    const id = `field-${++serial}`;
    const initial = module.example?.[parameter.name] ?? parameter.schema.default;
    const { kind, schema } = kindOf(parameter.schema);
    const built = parameter.is_image
      ? new ImageField(id, parameter, server)
      : BUILDERS[kind](id, parameter, { schema, initial, isMain });
    return this.#keep(new Field(parameter, parameter.is_image ? { input: built.input, element: built.element, read: () => built.read(), images: built } : built));
  }

  #addAny() {
    const parameter = { name: t("anyArguments"), required: false, schema: {} };
    const field = new Field(parameter, json(`field-${++serial}`, parameter, {}));
    field.isAny = true;
    return this.#keep(field);
  }

  #keep(field) {
    this.fields.push(field);
    return field.element;
  }

  get imageFields() {
    return this.fields.filter((field) => field.images).map((field) => field.images);
  }

  /** Arguments as they are sent; null when a field has a problem, which is then shown and focused. */
  async collect() {
    const args = {};
    let first = null;
    for (const field of this.fields) {
      try {
        const value = await field.value();
        field.show("");
        if (value === undefined) continue;
        if (!field.isAny) {
          const standard = field.parameter.schema.default;
          if (standard === undefined || JSON.stringify(standard) !== JSON.stringify(value)) args[field.parameter.name] = value;
        } else if (typeof value === "object" && value !== null && !Array.isArray(value)) Object.assign(args, value);
        else throw new Problem(t("needObject"));
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        field.show(error.message);
        first ??= field;
      }
    }
    if (first) {
      first.input.closest("details")?.setAttribute("open", "");
      first.input.focus();
    }
    return first ? null : args;
  }
}
