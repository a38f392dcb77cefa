// How much of a policy the Lab keeps. The server refuses more; the page says so at the field, and sends nothing.

import { LISTS, MOST_OF_A_POLICY } from "../generated/constants.js";

/** @typedef {import("../generated/types.js").Problem} Problem */

/**
 * @param {import("../generated/types.js").PolicyConfig} policy
 * @returns {Problem[]} one at the first list that is too much, if one is
 */
export function beyondBounds(policy) {
  const encoder = new TextEncoder();
  let entries = 0;
  let bytes = 0;
  /** @type {typeof LISTS[number] | null} */
  let setting = null;
  for (const list of LISTS) {
    for (const entry of policy[list] ?? []) {
      entries += 1;
      bytes += encoder.encode(entry).length;
    }
    if (setting === null && (entries > MOST_OF_A_POLICY.entries || bytes > MOST_OF_A_POLICY.bytes)) setting = list;
  }
  if (setting === null) return [];
  const message =
    `The Lab keeps policies of at most ${MOST_OF_A_POLICY.entries} entries and ${MOST_OF_A_POLICY.bytes} bytes, all lists ` +
    `together. This one has ${entries} entries and ${bytes} bytes, so it was not applied. Shorten it, or save it in the ` +
    "policy’s file, which may be longer.";
  return [notApplied(setting, message)];
}

/**
 * A problem that is not a mistake in the policy.
 *
 * @param {typeof LISTS[number]} setting where it is shown
 * @param {string} message
 * @returns {Problem}
 */
export function notApplied(setting, message) {
  return { setting, index: null, line: null, value: "", kind: "not-applied", suggestions: [], message };
}
