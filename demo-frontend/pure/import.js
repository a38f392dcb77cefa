// What a pasted error comes to, as the page shows it; and what is wrong with a text before it is read.

/**
 * @typedef {import("../generated/types.js").Import} Import
 */

/** The longest paste, in bytes; the server reads no more. */
const MOST_BYTES = 1 << 20;

/** What can be pasted, for somebody who doesn't know yet. */
export const ACCEPTED =
  "A message from the browser’s console, what `curl -i` printed, “Copy as cURL”, “Copy as fetch”, or a HAR file.";

/**
 * @param {string} text
 * @returns {string | null} why it need not be sent to the server; null if it need be
 */
export function problemOf(text) {
  if (text.trim() === "") return `Nothing was pasted yet. ${ACCEPTED}`;
  if (new TextEncoder().encode(text).length > MOST_BYTES) {
    return "The text is longer than 1 MB. Paste only the message, the command, or the first lines of the response.";
  }
  return null;
}

/**
 * A list with its title.
 *
 * @typedef {{name: string, title: string, items: string[]}} Part
 */

/**
 * @param {Import} imported
 * @returns {{title: string, state: string, causesTitle: string | null, causes: {names: string, what: string, fix: string}[], parts: Part[], canSend: boolean}}
 */
export function toShow(imported) {
  const { title, not_here, causes, certain } = imported;
  const lists = /** @type {const} */ ([
    ["known", "What it says", imported.known],
    ["unknown", "What it doesn’t say", imported.unknown],
    ["left-out", "What can’t be taken over", imported.left_out],
    ["excludes", "What it rules out", imported.excludes],
    ["evidence", "What was pasted", imported.evidence],
    ["to-settle", "What would tell the causes apart", certain ? [] : imported.to_settle],
  ]);
  return {
    title: asSentence(title),
    state:
      not_here === null
        ? "The request and the server written by hand are set accordingly. Nothing is sent until you send it."
        : `${not_here} Nothing here was changed.`,
    causesTitle: causesTitle(causes.length, certain),
    causes: causes.map(({ names, what, fix }) => ({ names: names.join(" "), what, fix })),
    parts: lists.filter(([, , items]) => items.length > 0).map(([name, title, items]) => ({ name, title, items })),
    canSend: not_here === null,
  };
}

/**
 * @param {number} count
 * @param {boolean} certain
 * @returns {string | null}
 */
function causesTitle(count, certain) {
  if (count === 0) return null;
  if (certain) return "The cause: certain, because the text rules out all others";
  return count === 1 ? "Likely, but not certain" : "Causes that fit, likeliest first";
}

/** @param {string} text */
function asSentence(text) {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
