// The lessons: their list with the reader's progress, which stays in this browser, and the current one: its text, its
// question, the parts of its goal; and, at the verdict, the reader's guess, what became of it, and the way on. What they say
// is data, in `lessons/lessons.json`; what of it is true, others find out.

import { announce, element, find, prose, setText } from "./dom.js";

/**
 * @typedef {import("../pure/lessons.js").Lesson} Lesson
 * @typedef {import("../generated/types.js").GoalPart} GoalPart
 */

const DONE = "cors-lab.lessons";
/** For each lesson, and in this tab only: the parts of its goal that were reached. */
const PARTS = "cors-lab.parts.";

/**
 * Opens the room.
 *
 * @param {{onStart: (lesson: Lesson) => void, onLeave: () => void, onAnswer: (answer: boolean) => void}} lab
 */
export function lessonsRoom({ onStart, onLeave, onAnswer }) {
  const room = find("[data-room=lessons]");
  const main = find("main");
  const place = find("[data-part=lesson]", room);
  const menu = find("[data-room=lesson-list]");
  const list = find(".lesson-list", menu);
  const details = /** @type {HTMLDetailsElement} */ (find("[data-part=list]", menu));
  const guess = find("[data-field=guess]");
  const news = find("[data-part=lesson-news]");
  const because = find("[data-part=because]", news);
  const onwards = find("[data-part=next]", news);
  const done = new Set(remembered(() => localStorage, DONE));
  const onward = find("[data-action=continue]", menu);
  /** @type {Lesson[]} */
  let lessons = [];
  /** @type {Lesson | null} */
  let current = null;

  document.addEventListener("click", ({ target }) => {
    if (target instanceof Node && !details.contains(target)) details.open = false;
  });
  details.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape" || !details.open) return;
    details.open = false;
    find("summary", details).focus();
  });

  function showList() {
    list.replaceChildren(...lessons.map(item));
    const count = lessons.filter(({ id }) => done.has(id)).length;
    const lesson = firstOpen();
    onward.hidden = current !== null || lesson === undefined;
    setText(onward, `${count === 0 ? "Start with" : "Go on with"} lesson ${lesson ? lessons.indexOf(lesson) + 1 : ""}`);
    setText(find("[data-part=progress]", menu), lessons.length === 0 ? "" : `${count} of ${lessons.length}`);
  }

  /** The next lesson that is not done, where none is current. */
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
    button.addEventListener("click", () => {
      details.open = false;
      onStart(lesson);
    });
    return element("li", { "data-lesson": lesson.id, "data-done": String(isDone) }, button);
  }

  /**
   * @param {Lesson} lesson
   * @param {number} steps
   */
  function neighbour(lesson, steps) {
    return lessons[lessons.indexOf(lesson) + steps] ?? null;
  }

  /**
   * A button to the lesson before, or after.
   *
   * @param {Lesson} lesson
   * @param {-1 | 1} steps
   */
  function turn(lesson, steps) {
    const to = neighbour(lesson, steps);
    if (to === null) return null;
    const number = lessons.indexOf(to) + 1;
    const [direction, text] = steps < 0 ? ["Previous", `‹ ${number}`] : ["Next", `${number} ›`];
    const label = `${text}: ${direction.toLowerCase()} lesson, ${plain(to.title)}`;
    const button = element("button", { type: "button", class: "quiet", "aria-label": label }, text);
    button.addEventListener("click", () => onStart(to));
    return button;
  }

  /** @param {Lesson} lesson */
  function open(lesson) {
    const leave = element("button", { type: "button", class: "quiet", "data-action": "leave-lesson" }, "Leave");
    leave.addEventListener("click", onLeave);
    place.replaceChildren(
      element("div", { class: "lesson-turn" }, turn(lesson, -1), turn(lesson, 1), leave),
      element(
        "h2",
        { tabindex: -1, "data-part": "lesson-title" },
        element("span", { class: "number" }, `${lessons.indexOf(lesson) + 1}`),
        ...prose(lesson.title),
      ),
      ...lesson.text.map((text) => element("p", {}, ...prose(text))),
      element("div", { "data-part": "before" }),
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
      element("h3", {}, "First, a guess"),
      element("p", { id: "question-text" }, ...prose(lesson.question.text)),
      element("div", { class: "answers" }, ...buttons),
      element("div", { "data-part": "told" }),
    );
  }

  /** @param {Lesson} lesson */
  function goal(lesson) {
    return element(
      "div",
      { class: "goal", "data-field": "goal", "data-reached": "false" },
      element("h3", {}, "The goal"),
      element("ul", { class: "parts" }, ...lesson.goal.map(part)),
      lesson.origins && element("ul", { class: "origin-list", "data-part": "origins" }),
      element("details", { class: "more" }, element("summary", {}, "A hint"), element("p", {}, ...prose(lesson.hint))),
      element("div", { "data-part": "reached", role: "status" }),
    );
  }

  /**
   * A part of the goal, not reached yet.
   *
   * @param {GoalPart} part
   */
  function part({ id, text }) {
    return element(
      "li",
      { "data-goal-part": id, "data-reached": "false" },
      element("p", {}, ...prose(text)),
      element("div", { "data-part": "shows" }),
    );
  }

  /**
   * Ticks a part of the goal off, with what may be said of how it was reached.
   *
   * @param {string} id
   * @param {string | null} shows
   */
  function tick(id, shows) {
    const item = find(`[data-goal-part="${id}"]`, place);
    item.dataset.reached = "true";
    item.prepend(element("span", { class: "visually-hidden" }, "Done: "));
    find("[data-part=shows]", item).replaceChildren(...(shows === null ? [] : [element("p", {}, ...prose(shows))]));
  }

  /**
   * What the reader gets for the goal: more to know.
   *
   * @param {Lesson} lesson
   */
  function reward(lesson) {
    return [
      element("p", { class: "reached" }, "Reached."),
      element("p", {}, ...prose(lesson.learned)),
      ...lesson.after.map((text) => element("p", {}, ...prose(text))),
      element(
        "ul",
        { class: "links" },
        ...lesson.links.map(([title, href]) =>
          element("li", {}, element("a", { href, target: "_blank", rel: "noreferrer" }, title)),
        ),
      ),
    ];
  }

  /**
   * The way on from a lesson.
   *
   * @param {Lesson} lesson
   */
  function wayOn(lesson) {
    const following = neighbour(lesson, 1);
    const button = element(
      "button",
      { type: "button", class: "primary", "data-action": "next-lesson" },
      following ? `Next: ${plain(following.title)}` : "Finish: try requests of your own",
    );
    button.addEventListener("click", () => (following ? onStart(following) : onLeave()));
    return button;
  }

  /**
   * The reader's own box, next to those of the model and the browser.
   *
   * @param {boolean | null} answer
   * @param {string} detail
   */
  function showGuess(answer, detail) {
    guess.replaceChildren(
      element("h3", {}, "You"),
      element("p", { class: "word" }, answer === null ? "—" : answer ? "yes" : "no"),
      element("p", { class: "detail" }, detail),
    );
  }

  /** @param {Lesson} lesson whose whole goal is reached */
  function complete(lesson) {
    find("[data-field=goal]", place).dataset.reached = "true";
    done.add(lesson.id);
    remember(() => localStorage, DONE, [...done]);
    find("[data-part=reached]", place).replaceChildren(...reward(lesson));
    onwards.replaceChildren(element("p", { class: "reached" }, "Goal reached."), wayOn(lesson));
    news.hidden = false;
    showList();
  }

  /** @param {HTMLElement} words */
  function tell(words) {
    because.replaceChildren(words);
    news.hidden = false;
  }

  return {
    /** @param {Lesson[]} all */
    fill(all) {
      lessons = all;
      showList();
    },
    /**
     * @param {Lesson} lesson
     * @returns {string[]} the parts of its goal that were reached in this tab, before the page was loaded
     */
    earlier: (lesson) => remembered(() => sessionStorage, PARTS + lesson.id),
    /** @param {Lesson} lesson */
    forget: (lesson) => remember(() => sessionStorage, PARTS + lesson.id, []),
    /**
     * @param {Lesson | null} lesson null for the free Lab
     * @param {string[]} reached parts of its goal
     * @param {boolean} takesFocus
     */
    show(lesson, reached, takesFocus) {
      current = lesson;
      room.hidden = lesson === null;
      main.classList.toggle("with-lesson", lesson !== null);
      details.open = false;
      guess.hidden = lesson === null;
      delete guess.dataset.right;
      news.hidden = true;
      because.replaceChildren();
      onwards.replaceChildren();
      showList();
      if (lesson === null) {
        place.replaceChildren();
        if (takesFocus) find("summary", details).focus();
        return;
      }
      showGuess(null, "your guess?");
      open(lesson);
      for (const id of reached) tick(id, null);
      if (reached.length === lesson.goal.length) complete(lesson);
      if (takesFocus) {
        find("[data-part=lesson-title]", place).focus({ preventScroll: true });
        room.scrollTop = 0;
        window.scrollTo(0, 0);
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
      find(".question", place).classList.add("answered");
      showGuess(answer, "your guess");
    },
    /**
     * What was sent when the lesson began.
     *
     * @param {string[]} said
     */
    showBefore(said) {
      find("[data-part=before]", place).replaceChildren(...said.map((text) => element("p", {}, ...prose(text))));
    },
    /**
     * What became of the reader's guess.
     *
     * @param {boolean} answer
     * @param {boolean} isRight
     * @param {string[]} reasons
     */
    tellAnswer(answer, isRight, reasons) {
      guess.dataset.right = String(isRight);
      showGuess(answer, isRight ? "right" : "wrong");
      tell(
        element(
          "p",
          { class: "because", "data-right": String(isRight) },
          element("strong", {}, isRight ? "You were right. " : "Your guess was wrong. "),
          ...prose(reasons.join(" ")),
        ),
      );
    },
    /** The next request is another one: what became of the guess is kept with its question. */
    keepAnswer() {
      if (because.firstChild === null) return;
      find("[data-part=told]", place).replaceChildren(...because.childNodes);
      setText(find(".detail", guess), guess.dataset.right === "true" ? "right, at first" : "wrong, at first");
      news.hidden = onwards.firstChild === null;
    },
    /** The question was about another request than what was sent. */
    tellUnjudged() {
      tell(
        element(
          "p",
          { class: "note" },
          "Your guess was about the lesson’s first request, and that was changed. “Start over” brings it back.",
        ),
      );
    },
    /**
     * Parts of the goal are reached.
     *
     * @param {Lesson} lesson
     * @param {GoalPart[]} parts
     * @param {string[]} all that are
     */
    reach(lesson, parts, all) {
      for (const { id, shows } of parts) tick(id, shows ?? null);
      remember(() => sessionStorage, PARTS + lesson.id, all);
      const target = find("[data-field=goal]", place);
      if (all.length === lesson.goal.length) complete(lesson);
      bringIntoView(target);
      announce(
        all.length === lesson.goal.length
          ? "The lesson’s goal is reached."
          : `${all.length} of ${lesson.goal.length} parts of the goal are reached.`,
      );
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

/**
 * A title without the marks that set code.
 *
 * @param {string} title
 */
export function plain(title) {
  return title.replaceAll("`", "");
}

/**
 * What a storage keeps. It may be switched off; then nothing outlasts the page.
 *
 * @param {() => Storage} storage
 * @param {string} key
 * @returns {string[]}
 */
function remembered(storage, key) {
  try {
    const kept = JSON.parse(storage().getItem(key) ?? "[]");
    return Array.isArray(kept) ? kept.filter((id) => typeof id === "string") : [];
  } catch {
    return [];
  }
}

/**
 * @param {() => Storage} storage
 * @param {string} key
 * @param {string[]} ids
 */
function remember(storage, key, ids) {
  try {
    storage().setItem(key, JSON.stringify(ids));
  } catch {
    // As above.
  }
}
