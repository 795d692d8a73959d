// Images for an argument: dropped, pasted, chosen, or a sample; shown small, read as base64 when sent.

import { address } from "./api.js";
import { h } from "./dom.js";
import { t } from "./i18n.js";
import { Picture } from "./picture.js";
import { FileReference } from "./snippets.js";

const SAMPLES = { text: "sampleText", table: "sampleTable", columns: "sampleColumns" };
const PDF = "application/pdf";

export class ImageField {
  /** `documents`: PDFs are taken, too. */
  constructor(id, parameter, server, documents) {
    this.isList = parameter.schema.type === "array";
    this.limit = this.isList ? server.max_images : 1;
    this.pictures = [];
    this.documents = documents;
    this.input = h("input", { id, type: "file", accept: documents ? `image/*,${PDF}` : "image/*", multiple: this.isList, tabindex: "-1", "aria-hidden": "true" });
    this.input.addEventListener("change", () => { this.add([...this.input.files]); this.input.value = ""; });
    const choose = h("button", { type: "button", class: "choose", onclick: () => this.input.click() }, t(!this.isList ? "chooseImage" : documents ? "chooseFiles" : "chooseImages"));
    this.thumbs = h("ul", { class: "thumbs", hidden: true });
    const zone = h("div", { class: "drop" }, h("span", {}, t(documents ? "dropDocuments" : this.isList ? "dropImages" : "dropImage")), choose, this.input);
    for (const kind of ["dragenter", "dragover"]) zone.addEventListener(kind, (event) => { event.preventDefault(); zone.classList.add("over"); });
    for (const kind of ["dragleave", "drop"]) zone.addEventListener(kind, () => zone.classList.remove("over"));
    zone.addEventListener("drop", (event) => { event.preventDefault(); this.add([...event.dataTransfer.files]); });
    this.element = h("fieldset", { class: "field" }, h("legend", {}, parameter.name), zone, this.thumbs, this.#samples());
    this.input.focus = () => choose.focus(); // a problem's focus goes to what the keyboard can use
  }

  accepts = (file) => file.type.startsWith("image/") || (this.documents && file.type === PDF);

  /** Take files; an argument that is one image keeps the last. */
  add(files) {
    for (const file of files) {
      if (!this.isList) this.#clear();
      this.pictures.push(new Picture(file));
    }
    this.draw();
    this.onchange?.();
  }

  #samples() {
    const one = ([name, text]) => h("button", { type: "button", class: "sample", "data-sample": name, onclick: () => this.#runSample(name) },
      h("img", { src: address(`ui/sample_${name}.png`), alt: "", width: 56, height: 42 }), h("span", {}, t(text)));
    return h("div", { class: "samples" }, h("span", { class: "hint" }, t("samples")), Object.entries(SAMPLES).map(one));
  }

  /** Take a sample in place of what was chosen, and run it. */
  async #runSample(name) {
    const data = await (await fetch(address(`ui/sample_${name}.png`))).blob();
    this.#clear();
    this.add([new File([data], `sample_${name}.png`, { type: "image/png" })]);
    this.element.closest("form").requestSubmit();
  }

  #clear() {
    for (const picture of this.pictures) picture.forget();
    this.pictures = [];
  }

  draw() {
    this.thumbs.hidden = !this.pictures.length;
    this.thumbs.replaceChildren(...this.pictures.map((picture) => h("li", { class: picture.problem ? "failed" : null }, picture.thumbnail(), h("span", { class: "name" }, picture.name),
      picture.problem ? h("span", { class: "problem" }, t("notRead")) : null,
      h("button", { type: "button", "aria-label": t("remove", { name: picture.name }), title: t("removeShort"), onclick: () => this.#remove(picture) }, "×"))));
  }

  #remove(picture) {
    picture.forget();
    this.pictures = this.pictures.filter((other) => other !== picture);
    this.draw();
    this.onchange?.();
    this.element.querySelector(".choose").focus();
  }

  async read() {
    if (!this.pictures.length) return undefined;
    const read = await Promise.all(this.pictures.map((picture) => picture.base64()));
    return this.isList ? read : read[0];
  }

  /** The same value with the files' names, for the snippets; a name to replace where one is needed. */
  references(isNeeded) {
    const names = this.pictures.map(({ name }) => new FileReference(name));
    if (!names.length && isNeeded) names.push(new FileReference("image.jpg"));
    return names.length ? (this.isList ? names : names[0]) : undefined;
  }
}
