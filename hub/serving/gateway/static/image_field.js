// Images for an argument: dropped, pasted, chosen, or the sample; shown small, read as base64 when sent.

import { address } from "./api.js";
import { h } from "./dom.js";
import { t } from "./i18n.js";
import { FileReference } from "./snippets.js";

export class ImageField {
  constructor(id, parameter, server) {
    this.isList = parameter.schema.type === "array";
    this.limit = this.isList ? server.max_images : 1;
    this.pictures = [];
    this.input = h("input", { id, type: "file", accept: "image/*", multiple: this.isList, tabindex: "-1", "aria-hidden": "true" });
    this.input.addEventListener("change", () => { this.add([...this.input.files]); this.input.value = ""; });
    const choose = h("button", { type: "button", class: "choose", onclick: () => this.input.click() }, t(this.isList ? "chooseImages" : "chooseImage"));
    const sample = h("button", { type: "button", class: "sample", onclick: () => this.#addSample() }, t("sample"));
    this.thumbs = h("ul", { class: "thumbs", hidden: true });
    const zone = h("div", { class: "drop" }, h("span", {}, t(this.isList ? "dropImages" : "dropImage")), h("div", { class: "actions" }, choose, sample), this.input);
    for (const kind of ["dragenter", "dragover"]) zone.addEventListener(kind, (event) => { event.preventDefault(); zone.classList.add("over"); });
    for (const kind of ["dragleave", "drop"]) zone.addEventListener(kind, () => zone.classList.remove("over"));
    zone.addEventListener("drop", (event) => { event.preventDefault(); this.add([...event.dataTransfer.files]); });
    this.element = h("fieldset", { class: "field" }, h("legend", {}, parameter.name), zone, this.thumbs);
    this.input.focus = () => choose.focus(); // a problem's focus goes to what the keyboard can use
  }

  /** Take files; an argument that is one image keeps the last. */
  add(files) {
    for (const file of files) {
      if (!this.isList) this.#clear();
      this.pictures.push(new Picture(file));
    }
    this.#draw();
    this.onchange?.();
  }

  async #addSample() {
    const data = await (await fetch(address("ui/sample.png"))).blob();
    this.add([new File([data], "sample.png", { type: "image/png" })]);
  }

  #clear() {
    for (const picture of this.pictures) picture.forget();
    this.pictures = [];
  }

  #draw() {
    this.thumbs.hidden = !this.pictures.length;
    this.thumbs.replaceChildren(...this.pictures.map((picture) => h("li", {}, picture.thumbnail(), h("span", {}, picture.name),
      h("button", { type: "button", "aria-label": t("remove", { name: picture.name }), onclick: () => this.#remove(picture) }, t("removeShort")))));
  }

  #remove(picture) {
    picture.forget();
    this.pictures = this.pictures.filter((other) => other !== picture);
    this.#draw();
    this.element.querySelector(".choose").focus();
  }

  async read() {
    if (!this.pictures.length) return undefined;
    const read = await Promise.all(this.pictures.map((picture) => picture.base64()));
    return this.isList ? read : read[0];
  }

  /** The same value with the files' names, for the snippets. */
  references() {
    const names = this.pictures.map((picture) => new FileReference(picture.name));
    return this.isList ? names : names[0];
  }
}

/** One chosen image; `size` is [width, height] as shown, or null where the browser cannot show it. */
export class Picture {
  constructor(file) {
    this.file = file;
    this.name = file.name || "image";
    this.url = URL.createObjectURL(file);
    this.size = null;
    const probe = new Image();
    probe.src = this.url;
    this.measured = probe.decode().then(() => { this.size = [probe.naturalWidth, probe.naturalHeight]; }, () => {});
  }

  thumbnail() {
    const image = h("img", { src: this.url, alt: "" });
    image.addEventListener("error", () => image.replaceWith(h("span", {}, t("cannotShow"))));
    return image;
  }

  base64() {
    return new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
      reader.onerror = () => reject(reader.error);
      reader.readAsDataURL(this.file);
    });
  }

  forget() { URL.revokeObjectURL(this.url); }
}
