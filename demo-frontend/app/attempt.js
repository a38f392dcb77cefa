// The lesson at hand, and how far the reader is in it. All that it says of what happened comes from what happened.

import { isMet, isMetByStanding, isOfStanding, trueOf } from "../pure/goal.js";
import { firstRequest } from "../pure/lessons.js";
import { effective } from "../pure/state.js";

/**
 * @typedef {import("./control.js").Problem} Problem
 * @typedef {import("./control.js").PolicyConfig} PolicyConfig
 * @typedef {import("../pure/lessons.js").Lesson} Lesson
 * @typedef {import("../generated/types.js").GoalPart} GoalPart
 * @typedef {import("../pure/goal.js").Run} Run
 */

/**
 * What the reader learns of the guess: who was right, and why; that it was judged before; or that it was about another
 * request.
 *
 * @typedef {{is: "judged now", isRight: boolean, because: string[]} | {is: "judged before" | "about something else"}} Judgement
 */

/** One try at a lesson. */
export class Attempt {
  /** @type {boolean | null} the reader's answer */
  answer = null;
  #wasJudged = false;
  /** @type {Set<string>} the settings at which a policy was refused */
  #refused = new Set();
  /** @type {[string, boolean, boolean][]} */
  #origins = [];
  /** @type {Set<string>} the parts of the goal that are reached */
  #reached;

  /**
   * @param {Lesson} lesson
   * @param {string[]} [earlier] parts of the goal that were reached before the page was loaded
   */
  constructor(lesson, earlier = []) {
    this.lesson = lesson;
    this.#reached = new Set(lesson.goal.map(({ id }) => id).filter((id) => earlier.includes(id)));
  }

  /** Whether the reader is still to answer the question; nothing is shown and nothing is sent before. */
  get isAsking() {
    return this.answer === null;
  }

  /** The parts of the goal that are reached, in order. */
  get reached() {
    return this.lesson.goal.map(({ id }) => id).filter((id) => this.#reached.has(id));
  }

  /** Whether the whole goal is reached. */
  get isReached() {
    return this.#reached.size === this.lesson.goal.length;
  }

  /** @param {Problem[]} problems */
  refuse(problems) {
    for (const { setting } of problems) this.#refused.add(setting);
  }

  /** @param {boolean[]} allowed what the policy in force says of the lesson's origins */
  compare(allowed) {
    this.#origins = (this.lesson.origins ?? []).map(([origin, wanted], index) => [origin, wanted, allowed[index]]);
  }

  /**
   * What the policy in force, and those that were refused, show without any request.
   *
   * @param {PolicyConfig} policy
   * @returns {{guess: Judgement | null, parts: GoalPart[]}} parts of the goal that are reached by it
   */
  takeStock(policy) {
    const standing = { policy, refused: this.#refused, origins: this.#origins };
    const { question, because } = this.lesson;
    const isJudged = this.answer !== null && !this.#wasJudged && isOfStanding(question.yes) && this.#origins.length > 0;
    return {
      guess: isJudged
        ? this.#judgement(
            isMetByStanding(question.yes, standing),
            because.filter(({ when }) => isMetByStanding(when, standing)).map(({ text }) => text),
          )
        : null,
      parts: this.#tick(({ check }) => isMetByStanding(check, standing)),
    };
  }

  /**
   * A request was sent.
   *
   * @param {Pick<Run, "request" | "policy" | "exchanges" | "observation" | "before" | "after">} sent
   * @returns {{guess: Judgement, parts: GoalPart[]}} parts of the goal that are reached by it
   */
  judge(sent) {
    const run = { ...sent, refused: this.#refused, origins: this.#origins };
    const { question, because } = this.lesson;
    /** @type {Judgement} */
    const guess = this.#wasJudged
      ? { is: "judged before" }
      : this.#isOfQuestion(run)
        ? this.#judgement(isMet(question.yes, run), trueOf(because, run))
        : { is: "about something else" };
    return { guess, parts: this.#tick(({ check }) => isMet(check, run)) };
  }

  /**
   * @param {boolean} isYes whether *yes* is right
   * @param {string[]} because
   * @returns {Judgement}
   */
  #judgement(isYes, because) {
    this.#wasJudged = true;
    return { is: "judged now", isRight: isYes === this.answer, because };
  }

  /**
   * @param {(part: GoalPart) => boolean} isMet
   * @returns {GoalPart[]} those that were not reached before
   */
  #tick(isMet) {
    const parts = this.lesson.goal.filter((part) => !this.#reached.has(part.id) && isMet(part));
    for (const { id } of parts) this.#reached.add(id);
    return parts;
  }

  /**
   * The question is about the lesson's request, under whichever policy it is sent.
   *
   * @param {Pick<Run, "request">} run
   */
  #isOfQuestion({ request }) {
    const sorted = (/** @type {object} */ of) => JSON.stringify(Object.entries(of).sort());
    return sorted(request) === sorted(effective(firstRequest(this.lesson)));
  }
}
