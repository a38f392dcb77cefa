// Lists of headers, as pairs in the order in which they were sent.

import { headerFrom } from "./pasted.js";

/** @typedef {import("../app/control.js").HeaderList} HeaderList */

/**
 * @param {HeaderList} headers
 * @param {string} name in lower case
 * @returns {string | null}
 */
export function headerValue(headers, name) {
  return headers.find(([key]) => key.toLowerCase() === name)?.[1] ?? null;
}

/**
 * @param {HeaderList} headers
 * @param {string} name in lower case
 * @returns {string[]} the value of each line of that name
 */
export function headerValues(headers, name) {
  return headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
}

/**
 * @typedef {object} HeaderRow
 * @property {string} name
 * @property {string | null} value  null where the header would have decided and is not there
 * @property {boolean} decides
 * @property {boolean} dropped      whether the browser leaves it out
 */

/**
 * The rows of a list of headers: first those that are there, then those that would have decided and are not there.
 *
 * @param {HeaderList} headers
 * @param {string[]} decisive names, in lower case, of those that decided
 * @param {string[]} dropped  names, as they are written, of those that the browser leaves out
 * @returns {HeaderRow[]}
 */
export function headerRows(headers, decisive, dropped = []) {
  const absent = decisive.filter((name) => headerValue(headers, name) === null);
  return [
    ...headers.map(([name, value]) => ({
      name,
      value,
      decides: decisive.includes(name.toLowerCase()),
      dropped: dropped.includes(name),
    })),
    ...absent.map((name) => ({ name, value: null, decides: true, dropped: false })),
  ];
}

/**
 * @param {string} text  a header per line
 * @returns {[string, string][]}
 */
export function fromLines(text) {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map(headerFrom);
}

/**
 * @param {[string, string][]} headers
 * @returns {string} a header per line
 */
export function toLines(headers) {
  return headers.map(([name, value]) => `${name}: ${value}`).join("\n");
}
