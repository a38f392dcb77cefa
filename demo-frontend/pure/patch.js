// Changes to a policy, as a verdict proposes them.

import { toPolicy } from "./state.js";

/**
 * @typedef {import("../app/control.js").PolicyConfig} PolicyConfig
 * @typedef {import("../app/control.js").PatchStep} PatchStep
 */

/**
 * The policy after these changes, one after the other. The policy itself stays as it is.
 *
 * @param {PolicyConfig} policy
 * @param {PatchStep[]} patch
 * @returns {PolicyConfig}
 */
export function patched(policy, patch) {
  /** @type {Record<string, unknown>} */
  const after = { ...policy };
  for (const { setting, add, remove, set } of patch) {
    if (set !== undefined) after[setting] = set;
    const list = after[setting];
    if (!Array.isArray(list)) continue;
    const kept = list.filter((entry) => entry !== remove && entry !== add);
    after[setting] = add === undefined ? kept : [...kept, add];
  }
  return toPolicy(after);
}
