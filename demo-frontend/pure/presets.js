// The classics among the servers written by hand. They are data, in `servers/presets.json`.

import { withOrigins } from "./lessons.js";
import { toHand, toRequest } from "./state.js";

/** @typedef {import("../generated/types.js").Preset} Preset */

/**
 * A preset with a whole server and a whole request.
 *
 * @typedef {object} Classic
 * @property {string} id
 * @property {string} title
 * @property {string} text
 * @property {import("./state.js").HandWritten} hand
 * @property {import("./state.js").LabRequest} request
 * @property {unknown[]} before  what others send before
 */

/**
 * Reads the presets, with this Lab's origins in place of their placeholders.
 *
 * @param {string} json
 * @param {Parameters<typeof withOrigins>[1]} origins
 * @returns {Classic[]}
 */
export function readPresets(json, origins) {
  /** @type {Preset[]} */
  const presets = JSON.parse(withOrigins(json, origins));
  return presets.map(({ id, title, text, hand, request, before }) => ({
    id,
    title,
    text,
    hand: toHand(hand),
    request: toRequest(request),
    before: before ?? [],
  }));
}
