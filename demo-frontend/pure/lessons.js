// What a lesson is, and where the reader stands when it begins. What the lessons say is data, in `lessons/lessons.json`.

import { toRequest } from "./state.js";

/**
 * @typedef {object} Lesson
 * @property {string} id
 * @property {string} title
 * @property {string[]} text
 * @property {unknown} policy     part of a policy; the rest is as in the policy that allows nothing
 * @property {unknown} request    part of a request
 * @property {unknown[]} [before] requests of somebody else, sent before the reader comes in
 * @property {boolean} [same_url]
 * @property {[string, boolean][]} [origins] what the policy shall say of each
 * @property {string} question
 * @property {boolean} answer
 * @property {string} because
 * @property {"allowed" | "blocked"} first  how the request ends that the lesson begins with
 * @property {{text: string, check: import("./goal.js").Check}} goal
 * @property {string} hint
 * @property {{policy: unknown, request: unknown, steps?: unknown[]}} solution  a way to the goal, for tests
 * @property {string[]} after
 * @property {[string, string][]} links
 */

/**
 * Reads the lessons, with this Lab's origins in place of their placeholders.
 *
 * @param {string} json
 * @param {Pick<import("../app/control.js").Config, "page" | "api" | "attacker">} origins
 * @returns {Lesson[]}
 */
export function readLessons(json, origins) {
  // Origins hold nothing that would mean something within a JSON string.
  return JSON.parse(
    json.replace(/\{(page|api|attacker)\}/g, (_, name) => origins[/** @type {keyof typeof origins} */ (name)]),
  );
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
