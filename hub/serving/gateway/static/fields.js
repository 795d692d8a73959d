// The form of a serving method: one field per argument, made from its signature.

import { h } from "./dom.js";
import { build, json, Problem } from "./field_kinds.js";
import { t } from "./i18n.js";
import { ImageField } from "./image_field.js";

let serial = 0;

class Field {
  constructor(parameter, built) {
    Object.assign(this, { parameter, ...built });
    this.note = this.input.getAttribute("aria-describedby");
    this.problem = h("span", { class: "problem", id: `${this.input.id}-problem`, hidden: true });
    this.element.append(this.problem);
  }

  show(message) {
    this.problem.hidden = !message;
    this.problem.textContent = message;
    this.input.setAttribute("aria-invalid", String(Boolean(message)));
    const described = [this.note, message ? this.problem.id : null].filter(Boolean).join(" ");
    if (described) this.input.setAttribute("aria-describedby", described);
    else this.input.removeAttribute("aria-describedby");
  }

  /** undefined for an argument that is left out. Raises Problem. */
  async value() {
    const value = await this.read();
    if (value === undefined && this.parameter.required) throw new Problem(t(this.parameter.is_image ? "needImage" : "needValue"));
    return value;
  }

  /** Put a value into the arguments, unless it is what the method has by itself. Raises Problem. */
  put(args, value) {
    if (value === undefined) return;
    if (this.isAny) {
      if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Problem(t("needObject"));
      Object.assign(args, value);
      return;
    }
    const standard = this.parameter.schema.default;
    if (standard === undefined || JSON.stringify(standard) !== JSON.stringify(value)) args[this.parameter.name] = value;
  }
}

export class ModuleForm {
  /** `called` is a method as /api/modules describes it. */
  constructor(called, server) {
    this.fields = [];
    const isMain = (parameter) => parameter.is_image || parameter.required || parameter.name === called.batch;
    const main = called.parameters.filter(isMain);
    const others = called.parameters.filter((parameter) => !isMain(parameter));
    const shown = main.length ? main : others;
    this.element = h("div", { id: "fields" }, shown.map((parameter) => this.#add(parameter, called, server, true)));
    const more = main.length ? others.map((parameter) => this.#add(parameter, called, server, false)) : [];
    if (called.takes_any) more.push(this.#addAny());
    if (more.length) {
      this.element.append(h("details", { class: "more" }, h("summary", {}, t("options")), h("div", { class: "options" }, more)));
    }
  }

  #add(parameter, called, server, isMain) {
    const id = `field-${++serial}`;
    if (parameter.is_image) {
      const images = new ImageField(id, parameter, server, called.documents);
      images.onchange = () => this.onchange?.();
      return this.#keep(new Field(parameter, { input: images.input, element: images.element, read: () => images.read(), images }));
    }
    const initial = called.example?.[parameter.name] ?? parameter.schema.default;
    return this.#keep(new Field(parameter, build(id, parameter, { initial, isMain })));
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

  get pictures() {
    return this.imageFields.flatMap((field) => field.pictures);
  }

  /** The picture that a message of the server calls `images[1]`, if it is one. */
  picture(name, index) {
    return this.fields.find(({ images, parameter }) => images && parameter.name === name)?.images.pictures[Number(index)];
  }

  /** A message of the server with the files' names in it instead of their places. */
  named(message) {
    return message.replace(/\b(\w+)\[(\d+)\]/g, (found, name, index) => this.picture(name, index)?.name ?? found);
  }

  /** Arguments as they are sent; null when a field has a problem, which is then shown and focused. */
  async collect() {
    const args = {};
    let first = null;
    for (const field of this.fields) {
      try {
        const value = await field.value();
        field.show("");
        field.put(args, value);
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

  /** Arguments as they are now, with files by their names, for the snippets; a field with a problem is left out. */
  draft() {
    const args = {};
    for (const field of this.fields) {
      try {
        field.put(args, field.images ? field.images.references(field.parameter.required) : field.read());
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
      }
    }
    return args;
  }
}
