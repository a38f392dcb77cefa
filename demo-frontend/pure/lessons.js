// What a lesson is, and where the reader stands when it begins. What the lessons say is data, in `lessons/lessons.json`.

import { toRequest } from "./state.js";

/** @typedef {import("../generated/types.js").Lesson} Lesson */

/**
 * Reads the lessons, with this Lab's origins in place of their placeholders.
 *
 * @param {string} json
 * @param {Pick<import("../app/control.js").Config, "page" | "api" | "api_alias" | "attacker">} origins
 * @returns {Lesson[]}
 */
export function readLessons(json, origins) {
  return JSON.parse(withOrigins(json, origins));
}

/**
 * @param {string} json
 * @param {Pick<import("../app/control.js").Config, "page" | "api" | "api_alias" | "attacker">} origins
 */
export function withOrigins(json, { page, api, api_alias, attacker }) {
  const names = /** @type {Record<string, string>} */ ({ page, api, alias: api_alias ?? api, attacker });
  // Origins hold nothing that would mean something within a JSON string.
  return json.replace(/\{(page|api|alias|attacker)\}/g, (_, name) => names[name]);
}

/**
 * The request that a lesson begins with; without a lesson, the one that the Lab begins with.
 *
 * @param {Lesson | null} lesson
 * @returns {import("./state.js").LabRequest}
 */
export function firstRequest(lesson) {
  const first = toRequest(lesson?.request);
  return lesson?.same_url ? { ...first, same_url: true } : first;
}
