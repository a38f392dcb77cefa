// Building the document. Every text on this page that comes from a server passes through here and becomes a text node;
// nothing in the Lab ever parses data as HTML.

import { sectionName } from "../pure/sections.js";

/**
 * @typedef {Record<string, string | number | boolean | null | undefined>} Attributes
 * @typedef {Node | string | null | undefined | false} Child
 */

/**
 * Makes an element. Attributes that are `null`, `undefined` or `false` are left out; children that are nothing too.
 *
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Attributes} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  fill(made, attributes, children);
  return made;
}

/**
 * The same for SVG.
 *
 * @template {keyof SVGElementTagNameMap} Name
 * @param {Name} name
 * @param {Attributes} [attributes]
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[Name]}
 */
export function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  fill(made, attributes, children);
  return made;
}

/**
 * @param {Element} made
 * @param {Attributes} attributes
 * @param {Child[]} children
 */
function fill(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    made.setAttribute(key, value === true ? "" : String(value));
  }
  for (const child of children) if (child) made.append(child);
}

/**
 * A list of headers. A name and its value share a line where that fits.
 *
 * @param {import("../pure/headers.js").HeaderRow[]} rows
 * @param {Attributes} [attributes] of the list
 * @returns {HTMLElement}
 */
export function headerList(rows, attributes = {}) {
  if (rows.length === 0) return element("p", { ...attributes, class: "none" }, "none");
  return element(
    "dl",
    { ...attributes, class: "headers" },
    ...rows.map(({ name, value, decides, dropped }) => {
      if (value === null) {
        return element(
          "div",
          { class: "decisive absent" },
          element("dt", {}, name),
          element("dd", {}, "not there", tag("decides")),
        );
      }
      return element(
        "div",
        { class: decides ? "decisive" : dropped ? "dropped" : null },
        element("dt", {}, name),
        element(
          "dd",
          { "data-header": name.toLowerCase() },
          dropped ? element("del", {}, value) : value,
          decides && tag("decides"),
          dropped && tag("left out by the browser"),
        ),
      );
    }),
  );
}

/** @param {string} text */
function tag(text) {
  return element("span", { class: "tag" }, text);
}

/**
 * Text in which `names like this` are set as code. A `*` stays a `*`: in policies and headers it is a value.
 *
 * @param {string} text
 * @returns {(Node | string)[]}
 */
export function withCode(text) {
  return text
    .split(/(`[^`]+`)/)
    .filter((part) => part !== "")
    .map((part) => (/^`[^`]+`$/.test(part) ? element("code", {}, part.slice(1, -1)) : part));
}

/**
 * A text of the lessons: as `withCode`, and *words like this* are stressed. Nothing that a reader or a server wrote goes through
 * it.
 *
 * @param {string} text
 * @returns {(Node | string)[]}
 */
export function prose(text) {
  return text
    .split(/(`[^`]+`|\*[^*\s](?:[^*]*[^*\s])?\*)/)
    .filter((part) => part !== "")
    .map((part) => {
      if (part.length > 2 && part.startsWith("`") && part.endsWith("`")) return element("code", {}, part.slice(1, -1));
      if (part.length > 2 && part.startsWith("*") && part.endsWith("*")) return element("em", {}, part.slice(1, -1));
      return part;
    });
}

/**
 * The one element that matches; a page without it is a mistake in `index.html`.
 *
 * @param {string} selector
 * @param {ParentNode} [within]
 * @returns {HTMLElement}
 */
export function find(selector, within = document) {
  const found = within.querySelector(selector);
  if (!(found instanceof HTMLElement)) throw new Error(`index.html has no ${selector}`);
  return found;
}

/**
 * Sets text only where it differs, so that a selection or a screen reader's place in it survives a refresh.
 *
 * @param {Element} target
 * @param {string} text
 */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/**
 * Says something to screen readers without moving the focus.
 *
 * @param {string} message
 */
export function announce(message) {
  find("#announcer").textContent = message;
}

/**
 * A link to a section of a standard, named for what it leads to.
 *
 * @param {string} address
 * @param {Attributes} [attributes]
 * @returns {HTMLElement}
 */
export function specLink(address, attributes = {}) {
  return element("a", { href: address, target: "_blank", rel: "noreferrer", ...attributes }, sectionName(address));
}

/**
 * Makes `[role=tab]` buttons within switch their panels, by click and by arrow keys.
 *
 * @param {HTMLElement} list
 * @param {(id: string) => void} [onChoose]  a tab was chosen by the reader
 * @returns {(id: string) => void} chooses a tab
 */
export function tabs(list, onChoose = () => {}) {
  const all = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("[role=tab]")]);
  /** @param {HTMLElement} chosen */
  const choose = (chosen) => {
    for (const tab of all) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
      find(`#${tab.getAttribute("aria-controls")}`).hidden = tab !== chosen;
    }
  };
  for (const [index, tab] of all.entries()) {
    tab.addEventListener("click", () => {
      choose(tab);
      onChoose(tab.id);
    });
    tab.addEventListener("keydown", (event) => {
      const steps = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: all.length - 1 };
      if (!(event.key in steps)) return;
      const next = steps[/** @type {keyof typeof steps} */ (event.key)];
      const to = all[(next + all.length) % all.length];
      event.preventDefault();
      choose(to);
      to.focus();
      onChoose(to.id);
    });
  }
  return (id) => choose(find(`#${id}`, list));
}
