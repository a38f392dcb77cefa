// The lessons: their list with the reader's progress, which stays in this browser, and the one at hand: its text, its
// question, its goal. What they say is data, in `lessons/lessons.json`.

import { announce, element, find, prose, setText } from "./dom.js";

/** @typedef {import("../pure/lessons.js").Lesson} Lesson */

const KEY = "cors-lab.lessons";

/**
 * Opens the room.
 *
 * @param {{onStart: (lesson: Lesson) => void, onLeave: () => void, onAnswer: (answer: boolean) => void}} lab
 */
export function lessonsRoom({ onStart, onLeave, onAnswer }) {
  const room = find("[data-room=lessons]");
  const place = find("[data-part=lesson]", room);
  const list = find(".lesson-list", room);
  const details = /** @type {HTMLDetailsElement} */ (find("[data-part=list]", room));
  const done = readProgress();
  const onward = find("[data-action=continue]", room);
  // On a phone the list would stand between the reader and all the rest.
  const hasRoom = window.matchMedia("(min-width: 62rem)");
  details.open = hasRoom.matches;
  /** @type {Lesson[]} */
  let lessons = [];
  /** @type {Lesson | null} */
  let current = null;

  function showList() {
    list.replaceChildren(...lessons.map(item));
    const count = lessons.filter(({ id }) => done.has(id)).length;
    const lesson = firstOpen();
    onward.hidden = current !== null || lesson === undefined;
    setText(onward, `${count === 0 ? "Start with" : "Go on with"} lesson ${lesson ? lessons.indexOf(lesson) + 1 : ""}`);
    setText(find("[data-part=progress]", room), lessons.length === 0 ? "" : `${count} of ${lessons.length}`);
  }

  /** The next lesson that is not done, where none is at hand. */
  function firstOpen() {
    return lessons.find(({ id }) => !done.has(id));
  }
  onward.addEventListener("click", () => {
    const lesson = firstOpen();
    if (lesson) onStart(lesson);
  });

  /** @param {Lesson} lesson */
  function item(lesson) {
    const isDone = done.has(lesson.id);
    const button = element(
      "button",
      { type: "button", "data-action": "start-lesson", "aria-current": lesson === current ? "step" : null },
      element("span", {}, ...prose(lesson.title)),
      isDone && element("span", { class: "visually-hidden" }, ", done"),
    );
    button.addEventListener("click", () => onStart(lesson));
    return element("li", { "data-lesson": lesson.id, "data-done": String(isDone) }, button);
  }

  /** @param {Lesson} lesson */
  function next(lesson) {
    return lessons[lessons.indexOf(lesson) + 1] ?? null;
  }

  /** @param {Lesson} lesson */
  function open(lesson) {
    const leave = element("button", { type: "button", class: "quiet", "data-action": "leave-lesson" }, "Leave");
    leave.addEventListener("click", onLeave);
    place.replaceChildren(
      element(
        "div",
        { class: "lesson-head" },
        element(
          "h3",
          { tabindex: -1, "data-part": "lesson-title" },
          element("span", { class: "number" }, `${lessons.indexOf(lesson) + 1}`),
          ...prose(lesson.title),
        ),
        leave,
      ),
      ...lesson.text.map((text) => element("p", {}, ...prose(text))),
      question(lesson),
      goal(lesson),
    );
  }

  /** @param {Lesson} lesson */
  function question(lesson) {
    const buttons = [true, false].map((answer) => {
      const button = element(
        "button",
        { type: "button", "data-action": `answer-${answer ? "yes" : "no"}`, "aria-pressed": "false" },
        answer ? "Yes" : "No",
      );
      button.addEventListener("click", () => onAnswer(answer));
      return button;
    });
    return element(
      "div",
      { class: "question", role: "group", "aria-labelledby": "question-text" },
      element("h4", {}, "First, a guess"),
      element("p", { id: "question-text" }, ...prose(lesson.question)),
      element("div", { class: "answers" }, ...buttons),
      element("div", { "data-part": "because", role: "status" }),
    );
  }

  /** @param {Lesson} lesson */
  function goal(lesson) {
    return element(
      "div",
      { class: "goal", "data-field": "goal", "data-reached": "false" },
      element("h4", {}, "The goal"),
      element("p", {}, ...prose(lesson.goal.text)),
      lesson.origins && element("ul", { class: "origin-list", "data-part": "origins" }),
      element("details", { class: "more" }, element("summary", {}, "A hint"), element("p", {}, ...prose(lesson.hint))),
      element("div", { "data-part": "reached", role: "status" }),
    );
  }

  /**
   * What the reader gets for the goal: more to know, and the way on.
   *
   * @param {Lesson} lesson
   */
  function reward(lesson) {
    const following = next(lesson);
    const button = element(
      "button",
      { type: "button", class: "primary", "data-action": "next-lesson" },
      following ? `Next: ${following.title.replaceAll("`", "")}` : "That was the last one: to the free Lab",
    );
    button.addEventListener("click", () => (following ? onStart(following) : onLeave()));
    return [
      element("p", { class: "reached" }, "Reached."),
      ...lesson.after.map((text) => element("p", {}, ...prose(text))),
      element(
        "ul",
        { class: "links" },
        ...lesson.links.map(([title, href]) =>
          element("li", {}, element("a", { href, target: "_blank", rel: "noreferrer" }, title)),
        ),
      ),
      button,
    ];
  }

  return {
    /** @param {Lesson[]} all */
    fill(all) {
      lessons = all;
      showList();
    },
    /**
     * @param {Lesson | null} lesson null for the free Lab
     * @param {boolean} takesFocus
     */
    show(lesson, takesFocus) {
      current = lesson;
      place.hidden = lesson === null;
      details.open = lesson === null && hasRoom.matches;
      showList();
      if (lesson === null) {
        place.replaceChildren();
        if (takesFocus) find("summary", details).focus();
        return;
      }
      open(lesson);
      if (takesFocus) {
        find("[data-part=lesson-title]", place).focus({ preventScroll: true });
        room.scrollIntoView({ block: "start" });
      }
    },
    /** @param {boolean} answer */
    answered(answer) {
      for (const [word, value] of /** @type {const} */ ([
        ["yes", true],
        ["no", false],
      ])) {
        const button = /** @type {HTMLButtonElement} */ (find(`[data-action=answer-${word}]`, place));
        button.setAttribute("aria-pressed", String(value === answer));
        button.disabled = true;
      }
      find("[data-part=because]", place).replaceChildren(element("p", { class: "note" }, "Now press Send, and see."));
    },
    /**
     * After the first sending the answer is told.
     *
     * @param {Lesson} lesson
     * @param {boolean} answer
     */
    tellAnswer(lesson, answer) {
      const isRight = lesson.answer === answer;
      find("[data-part=because]", place).replaceChildren(
        element(
          "p",
          { class: "because", "data-right": String(isRight) },
          element("strong", {}, isRight ? "You were right. " : "It is the other way round. "),
          ...prose(lesson.because),
        ),
      );
    },
    /**
     * @param {Lesson} lesson
     */
    reached(lesson) {
      const target = find("[data-field=goal]", place);
      if (target.dataset.reached === "true") return;
      target.dataset.reached = "true";
      done.add(lesson.id);
      writeProgress(done);
      find("[data-part=reached]", place).replaceChildren(...reward(lesson));
      showList();
      bringIntoView(target);
      announce("The lesson’s goal is reached.");
    },
    /**
     * What the policy in force says of the lesson's origins.
     *
     * @param {[string, boolean][]} origins
     * @param {boolean[]} allowed
     */
    showOrigins(origins, allowed) {
      const target = place.querySelector("[data-part=origins]");
      target?.replaceChildren(
        ...origins.map(([origin, wanted], index) =>
          element(
            "li",
            { "data-origin": origin, "data-wanted": String(wanted), "data-allowed": String(allowed[index]) },
            element("code", {}, origin),
            element("span", {}, wanted ? " should pass, " : " should not pass, "),
            element(
              "span",
              { class: wanted === allowed[index] ? "good" : "bad" },
              `${wanted === allowed[index] ? "and" : "but"} ${allowed[index] ? "passes" : "does not pass"}`,
            ),
          ),
        ),
      );
    },
  };
}

/**
 * On a wide screen the room scrolls by itself, and its end may be out of sight. On a narrow one this moves nothing.
 *
 * @param {HTMLElement} part
 */
function bringIntoView(part) {
  const room = find("[data-room=lessons]");
  const [inner, outer] = [part.getBoundingClientRect(), room.getBoundingClientRect()];
  if (inner.bottom > outer.bottom) room.scrollTop += Math.min(inner.bottom - outer.bottom, inner.top - outer.top);
}

/** @returns {Set<string>} the lessons whose goal was reached */
function readProgress() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return new Set(Array.isArray(kept) ? kept.filter((id) => typeof id === "string") : []);
  } catch {
    // Storage may be switched off; then progress lasts as long as the page.
    return new Set();
  }
}

/** @param {Set<string>} done */
function writeProgress(done) {
  try {
    localStorage.setItem(KEY, JSON.stringify([...done]));
  } catch {
    // As above.
  }
}
