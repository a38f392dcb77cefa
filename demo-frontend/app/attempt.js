// The lesson at hand, and how far the reader is in it.

import { isReached } from "../pure/goal.js";
import { firstRequest } from "../pure/lessons.js";
import { effective, toHand, toPolicy } from "../pure/state.js";

/**
 * @typedef {import("./control.js").HandWritten} HandWritten
 * @typedef {import("./control.js").Problem} Problem
 * @typedef {import("../pure/lessons.js").Lesson} Lesson
 * @typedef {import("../pure/goal.js").Outcome} Outcome
 */

/** One try at a lesson. */
export class Attempt {
  /** @type {boolean | null} the reader's answer */
  answer = null;
  #wasJudged = false;
  /** @type {Set<string>} the settings at which a policy was refused */
  #refused = new Set();
  #originsAgree = false;

  /** @param {Lesson} lesson */
  constructor(lesson) {
    this.lesson = lesson;
  }

  /** Whether the reader is still to answer the question; nothing is shown and nothing is sent before. */
  get isAsking() {
    return this.answer === null;
  }

  /** @param {Problem[]} problems */
  refuse(problems) {
    for (const { setting } of problems) this.#refused.add(setting);
  }

  /** @param {boolean[]} allowed what the policy in force says of the lesson's origins */
  compare(allowed) {
    this.#originsAgree = (this.lesson.origins ?? []).every(([, wanted], index) => wanted === allowed[index]);
  }

  /**
   * A request was sent.
   *
   * @param {Pick<Outcome, "request" | "policy" | "exchanges" | "observation"> & {hand: HandWritten}} outcome
   * @returns {{guess: "judged now" | "judged before" | "about something else", isReached: boolean}} whether the reader now
   *   learns who was right, which takes what the question was about; and whether the goal is reached
   */
  judge(outcome) {
    const guess = this.#wasJudged
      ? "judged before"
      : this.#isOfQuestion(outcome)
        ? "judged now"
        : "about something else";
    if (guess === "judged now") this.#wasJudged = true;
    const whole = { ...outcome, refused: this.#refused, originsAgree: this.#originsAgree };
    return { guess, isReached: isReached(this.lesson.goal.check, whole) };
  }

  /** @param {Pick<Outcome, "request" | "policy"> & {hand: HandWritten}} outcome */
  #isOfQuestion({ request, policy, hand }) {
    const begun = { request: effective(firstRequest(this.lesson)), policy: toPolicy(this.lesson.policy) };
    const isSameServer = same(toPolicy(policy), begun.policy) && same(hand, toHand(this.lesson.hand));
    return same(request, begun.request) && isSameServer;
  }
}

/**
 * @param {object} one
 * @param {object} other
 */
function same(one, other) {
  const sorted = (/** @type {object} */ of) => JSON.stringify(Object.entries(of).sort());
  return sorted(one) === sorted(other);
}
