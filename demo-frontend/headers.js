// Reading lists of [name, value] pairs as HTTP means them: names in any case, lists split at commas.

/** @typedef {[string, string][]} HeaderList */

/**
 * @param {HeaderList} headers
 * @param {string} name in lower case
 * @returns {string[]} one value per header line
 */
export function valuesOf(headers, name) {
  return headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
}

/**
 * @param {HeaderList} headers
 * @param {string} name in lower case
 * @returns {string[]} the members of the list, over all lines
 */
export function membersOf(headers, name) {
  return valuesOf(headers, name)
    .flatMap((value) => value.split(","))
    .map((member) => member.trim())
    .filter((member) => member !== "");
}

/**
 * Whether a response header belongs to CORS itself.
 *
 * @param {string} name
 * @returns {boolean}
 */
export function isPermission(name) {
  return name.toLowerCase().startsWith("access-control-");
}

const QUESTIONS = [
  "origin",
  "access-control-request-method",
  "access-control-request-headers",
  "content-type",
  "cookie",
];

/**
 * Whether a request header bears on what CORS makes of the request.
 *
 * @param {string} name
 * @returns {boolean}
 */
export function isQuestion(name) {
  return QUESTIONS.includes(name.toLowerCase());
}
