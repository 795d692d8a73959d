// Light, dark, or as the system has it.

const STORE = "hub.theme";
const ORDER = ["auto", "light", "dark"];
let theme = ORDER.includes(localStorage.getItem(STORE)) ? localStorage.getItem(STORE) : "auto";

export const label = () => ({ auto: "themeAuto", light: "themeLight", dark: "themeDark" })[theme];

/** Whether the system is dark. */
export const dark = matchMedia("(prefers-color-scheme: dark)");
export const isDark = () => theme === "dark" || (theme === "auto" && dark.matches);

export function apply() {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export function next() {
  theme = ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length];
  localStorage.setItem(STORE, theme);
  apply();
}
