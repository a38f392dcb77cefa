// The wire: a sequence diagram of what happened, drawn to the width there is. Each message can be chosen, by mouse or
// keyboard, and then shows all its headers.

import { details as detailsOf, picture } from "../pure/diagram.js";
import { element, find, headerList, setText, svg } from "./dom.js";

/**
 * @typedef {import("../pure/diagram.js").Shape} Shape
 * @typedef {import("../pure/story.js").Story} Story
 */

/** Opens the room. */
export function wireRoom() {
  const room = find("[data-room=wire]");
  const diagram = find("[data-part=diagram]", room);
  const details = find("[data-part=message]", room);
  /** @type {Story | null} */
  let story = null;
  /** @type {number | null} */
  let chosen = null;
  let width = 0;

  // In the next frame: what is drawn changes the height, which the observer would report as a loop.
  new ResizeObserver(() => {
    requestAnimationFrame(() => {
      if (Math.abs(diagram.clientWidth - width) > 1) draw(false);
    });
  }).observe(diagram);

  diagram.addEventListener("click", (event) => choose(indexOf(event.target), false));
  diagram.addEventListener("keydown", (event) => {
    const index = indexOf(event.target);
    if (index === null || story === null) return;
    if (event.key === "Enter" || event.key === " ") choose(index, true);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      focusMessage((index + (event.key === "ArrowDown" ? 1 : story.steps.length - 1)) % story.steps.length);
    } else return;
    event.preventDefault();
  });

  /** @param {EventTarget | null} target */
  function indexOf(target) {
    const message = target instanceof Element ? target.closest("[data-message]") : null;
    return message === null ? null : Number(message.getAttribute("data-message"));
  }

  /** @param {number} index */
  function focusMessage(index) {
    const message = diagram.querySelector(`[data-message="${index}"]`);
    if (message instanceof SVGElement) message.focus();
  }

  /**
   * @param {number | null} index
   * @param {boolean} keepsFocus
   */
  function choose(index, keepsFocus) {
    if (index === null) return;
    chosen = chosen === index ? null : index;
    draw(false);
    if (keepsFocus) focusMessage(index);
  }

  /** @param {boolean} arrives whether it is news, and may move */
  function draw(arrives) {
    if (story === null) return;
    width = diagram.clientWidth;
    const hadFocus = diagram.contains(document.activeElement) ? indexOf(document.activeElement) : null;
    diagram.replaceChildren(drawn(picture(story, chosen, width, arrives)));
    // Where there is motion, messages appear one after the other.
    for (const [index, message] of diagram.querySelectorAll("[data-message]").entries()) {
      if (message instanceof SVGElement) message.style.setProperty("--nth", String(index));
    }
    if (hadFocus !== null) focusMessage(hadFocus);
    const step = chosen === null ? undefined : story.steps[chosen];
    details.hidden = step === undefined;
    if (step !== undefined) details.replaceChildren(...describe(detailsOf(step, story.happened)));
  }

  return {
    /** @param {Story} told */
    show(told) {
      const isNews = told.happened && !story?.happened;
      if (told.happened !== story?.happened || told.steps.length !== story.steps.length) chosen = null;
      story = told;
      setText(find("[data-part=caption]", room), told.caption);
      room.dataset.happened = String(told.happened);
      draw(isNews);
    },
    /** @param {string} caption */
    clear(caption) {
      story = null;
      chosen = null;
      details.hidden = true;
      delete room.dataset.happened;
      setText(find("[data-part=caption]", room), "");
      diagram.replaceChildren(element("p", { class: "empty" }, caption));
    },
  };
}

/**
 * @param {Shape} shape
 * @returns {SVGElement}
 */
function drawn({ name, attributes, children }) {
  const nodes = children.map((child) => (typeof child === "string" ? child : drawn(child)));
  return svg(/** @type {keyof SVGElementTagNameMap} */ (name), attributes, ...nodes);
}

/**
 * @param {ReturnType<typeof detailsOf>} details
 * @returns {HTMLElement[]}
 */
function describe({ title, isExpected, line, headers, body }) {
  return [
    element("h3", {}, title, isExpected && element("span", { class: "tag" }, "expected")),
    element("pre", { class: "line" }, line),
    ...(headers === null ? [] : [headerList(headers)]),
    ...(body === null
      ? []
      : [element("pre", { tabindex: 0, role: "group", "aria-label": "Body", class: "body" }, body)]),
  ];
}
