// The problems of a policy, as they stand at their fields.

const MOST_SHOWN = 80;

/**
 * A problem's message without the setting and the value, which it names first: here they stand next to it.
 *
 * @param {string} message
 */
export function withoutPlace(message) {
  return message.replace(/^[a-z_]+(?:\[\d+\])? (?:"(?:[^"\\]|\\.)*"|\d+): /, "");
}

/**
 * @param {string} value
 * @returns {string} of it, as much as a line or two hold
 */
export function shortened(value) {
  return value.length > MOST_SHOWN ? `${value.slice(0, MOST_SHOWN)}…` : value;
}

/**
 * What is in the field `max_age`, for the server: a number if it is one. Whether it is a valid one, and what to write instead,
 * is for the server to say.
 *
 * @param {string} text
 * @returns {number | string}
 */
export function toSeconds(text) {
  const number = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(number) ? number : text;
}
