// Lists of headers, as pairs in the order in which they were sent.

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
 * The rows of a list of headers: first those that are there, then those that would have decided and are not there.
 *
 * @param {HeaderList} headers
 * @param {string[]} decisive names, in lower case, of those that decided
 * @returns {{name: string, value: string | null, decides: boolean}[]} the value of an absent one is null
 */
export function headerRows(headers, decisive) {
  const absent = decisive.filter((name) => headerValue(headers, name) === null);
  return [
    ...headers.map(([name, value]) => ({ name, value, decides: decisive.includes(name.toLowerCase()) })),
    ...absent.map((name) => ({ name, value: null, decides: true })),
  ];
}

/**
 * @param {string} text a header per line
 * @returns {HeaderList}
 */
export function headersOf(text) {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const colon = line.indexOf(":", 1);
      return colon === -1 ? [line.trim(), ""] : [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    });
}
