// A chosen file: how it looks, and what of it is sent.

import { pagePicture } from "./api.js";
import { h } from "./dom.js";

/** `size` is [width, height] as shown, or null where the browser cannot show it: a PDF, a TIFF. */
export class Picture {
  #pages = new Map();

  constructor(file) {
    this.file = file;
    this.name = file.name || "image";
    this.url = URL.createObjectURL(file);
    this.size = null;
    this.problem = "";
    const probe = new Image();
    probe.src = this.url;
    this.measured = probe.decode().then(() => { this.size = [probe.naturalWidth, probe.naturalHeight]; }, () => {});
  }

  /** Its picture, or the ending of its name. */
  thumbnail() {
    const image = h("img", { src: this.url, alt: "" });
    const ending = this.name.includes(".") ? this.name.split(".").at(-1).slice(0, 5).toUpperCase() : "?";
    image.addEventListener("error", () => image.replaceWith(h("span", { class: "ending", "aria-hidden": "true" }, ending)));
    return image;
  }

  /** The picture of a page, from the server: {url, size, total, isAnimation}. */
  page(number) {
    if (!this.#pages.has(number)) {
      const found = pagePicture(this.file, number);
      this.#pages.set(number, found);
      found.catch(() => this.#pages.delete(number));
    }
    return this.#pages.get(number);
  }

  base64() {
    return new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
      reader.onerror = () => reject(reader.error);
      reader.readAsDataURL(this.file);
    });
  }

  forget() {
    URL.revokeObjectURL(this.url);
    for (const found of this.#pages.values()) found.then(({ url }) => URL.revokeObjectURL(url), () => {});
  }
}
