// Building the document. Every text on this page that comes from a server passes through here and becomes a text node;
// nothing in the Lab ever parses data as HTML.

/**
 * Makes an element. Attributes that are `null`, `undefined` or `false` are left out; children that are `null` too.
 *
 * @param {string} name
 * @param {Record<string, string | number | boolean | null | undefined>} [attributes]
 * @param {...(Node | string | null)} children
 * @returns {HTMLElement}
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/**
 * A list of headers. A name and its value share a line where that fits.
 *
 * @param {[string, string][]} headers
 * @param {Record<string, string>} [attributes] of the list
 * @param {(name: string) => Record<string, string>} [valueAttributes] of each value
 * @returns {HTMLElement}
 */
export function headerList(headers, attributes = {}, valueAttributes = () => ({})) {
  return element(
    "dl",
    attributes,
    ...headers.map(([name, value]) =>
      element("div", {}, element("dt", {}, name), " ", element("dd", valueAttributes(name), value)),
    ),
  );
}

/**
 * Splits running text at backticks, so that `names like this` are set as code.
 *
 * @param {string} text
 * @returns {(Node | string)[]}
 */
export function prose(text) {
  return text
    .split("`")
    .map((part, index) => (index % 2 === 1 ? element("code", {}, part) : part))
    .filter((part) => part !== "");
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
