// The wire: a sequence diagram of what happened, drawn to the width there is. Each message can be chosen, by mouse or
// keyboard, and then shows all its headers.

import { element, find, headerList, setText, svg } from "../dom.js";

/**
 * @typedef {import("../story.js").Step} Step
 * @typedef {import("../story.js").Lane} Lane
 */

const HEAD = 52;
const ROW = 50;
const FOOT = 14;
/** Below this many pixels letters are smaller, and what can be left out is. */
const NARROW = 520;

/** @type {Record<Lane, string>} */
const NAMES = { page: "Page", browser: "Browser", cache: "Cache", api: "API" };

/** Opens the room. */
export function wireRoom() {
  const room = find("[data-room=wire]");
  const diagram = find("[data-part=diagram]", room);
  const details = find("[data-part=message]", room);
  /** @type {{steps: Step[], happened: boolean, lanes: Record<string, string>} | null} */
  let story = null;
  /** @type {number | null} */
  let chosen = null;
  let width = 0;

  new ResizeObserver(() => {
    if (Math.abs(diagram.clientWidth - width) > 1) draw(false);
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
    diagram.replaceChildren(picture(story, chosen, width, arrives));
    if (hadFocus !== null) focusMessage(hadFocus);
    const step = chosen === null ? undefined : story.steps[chosen];
    details.hidden = step === undefined;
    if (step !== undefined) details.replaceChildren(...describe(step, story.happened));
  }

  return {
    /**
     * @param {Step[]} steps
     * @param {boolean} happened  rather than expected
     * @param {Record<string, string>} lanes  what stands below their names
     * @param {string} caption
     */
    show(steps, happened, lanes, caption) {
      const isNews = happened && !story?.happened;
      if (happened !== story?.happened || steps.length !== story.steps.length) chosen = null;
      story = { steps, happened, lanes };
      setText(find("[data-part=caption]", room), caption);
      room.dataset.happened = String(happened);
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
 * @param {{steps: Step[], happened: boolean, lanes: Record<string, string>}} story
 * @param {number | null} chosen
 * @param {number} width
 * @param {boolean} arrives
 */
function picture({ steps, happened, lanes }, chosen, width, arrives) {
  const height = HEAD + steps.length * ROW + FOOT;
  const hasCache = steps.some((step) => step.to === "cache") || "cache" in lanes;
  const isNarrow = width < NARROW;
  const edge = isNarrow ? 24 : Math.min(82, width * 0.11);
  /** @type {Record<Lane, number>} */
  const at = {
    page: edge,
    browser: Math.round(width * (isNarrow ? 0.41 : hasCache ? 0.32 : 0.38)),
    cache: Math.round(width * (isNarrow ? 0.72 : 0.68)),
    api: width - edge,
  };
  const order = /** @type {Lane[]} */ (hasCache ? ["page", "browser", "cache", "api"] : ["page", "browser", "api"]);
  const gates = steps.flatMap((step, index) => (step.gate === null ? [] : [rowY(index)]));

  return svg(
    "svg",
    {
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      class: `sequence${happened ? "" : " expected"}${arrives ? " arrives" : ""}${isNarrow ? " narrow" : ""}`,
      role: "group",
      "aria-label": happened ? "What went over the wire" : "What is expected to go over the wire",
    },
    svg(
      "g",
      { "aria-hidden": "true" },
      ...order.map((lane) => laneLine(lane, at[lane], height, lane === "browser" ? gates : [])),
      ...order.map((lane) => laneHead(lane, at[lane], lanes[lane] ?? "", width)),
    ),
    ...steps.map((step, index) => message(step, index, at, steps.length, chosen === index, happened, isNarrow)),
  );
}

/** @param {number} index */
function rowY(index) {
  return HEAD + index * ROW + 34;
}

/**
 * The browser's lane is broken where an answer comes to its gate.
 *
 * @param {Lane} lane
 * @param {number} x
 * @param {number} height
 * @param {number[]} gaps
 */
function laneLine(lane, x, height, gaps) {
  let path = `M${x} ${HEAD - 8}`;
  for (const y of gaps) path += `V${y - 13}M${x} ${y + 13}`;
  return svg("path", { class: `lane lane-${lane}`, d: `${path}V${height - 2}` });
}

/**
 * @param {Lane} lane
 * @param {number} x
 * @param {string} below
 * @param {number} width
 */
function laneHead(lane, x, below, width) {
  const isNarrow = width < NARROW;
  return svg(
    "g",
    { class: `lane-head lane-${lane}` },
    svg("text", { x, y: 18, class: "lane-name" }, NAMES[lane]),
    svg("text", { x, y: 34, class: "lane-origin" }, isNarrow ? below.replace(/^.*(?=:\d+$)/, "") : below),
  );
}

/**
 * @param {Step} step
 * @param {number} index
 * @param {Record<Lane, number>} at
 * @param {number} count
 * @param {boolean} isChosen
 * @param {boolean} happened
 * @param {boolean} isNarrow
 */
function message(step, index, at, count, isChosen, happened, isNarrow) {
  const y = rowY(index);
  const isGated = step.gate !== null;
  const toRight = at[step.to] > at[step.from];
  const sign = toRight ? 1 : -1;
  const start = at[step.from] + sign * 3;
  const isNotSent = step.kind === "not-sent";
  const whole = at[step.to] - sign * (isGated ? 10 : 3);
  const end = isNotSent ? start + (whole - start) * 0.3 : whole;
  const [left, right] = [Math.min(at[step.from], at[step.to]), Math.max(at[step.from], at[step.to])];
  // The label of what was not sent stands where it would have gone.
  const free = isNotSent ? end + 14 : left;
  const room = right - free - (isNarrow ? 5 : 16);
  const middle = (free + right) / 2 + (isGated ? 5 : 0);
  const [labelEach, subEach] = isNarrow ? [6.4, 5.2] : [7.3, 5.9];

  const drawn = svg(
    "g",
    {
      class: `message tone-${step.tone}${isChosen ? " chosen" : ""}`,
      "data-message": index,
      "data-kind": step.kind,
      role: "button",
      tabindex: 0,
      "aria-pressed": String(isChosen),
    },
    svg("rect", { class: "hit", x: left - 8, y: y - 32, width: right - left + 16, height: ROW - 2, rx: 6 }),
    svg("path", {
      class: `arrow${isNotSent ? " cut" : ""}`,
      d: `M${start} ${y}H${end}`,
      pathLength: isNotSent ? null : 1,
    }),
    isNotSent
      ? svg("path", { class: "cross", d: `M${end - 1} ${y - 6}l12 12m0 -12l-12 12` })
      : svg("path", { class: "head", d: `M${end} ${y}l${-sign * 8} -4.5v9z` }),
    isNotSent && svg("path", { class: "ghost", d: `M${end + 18} ${y}H${whole}` }),
    svg("text", { class: "label", x: middle, y: y - 9 }, cut(step.label, room, labelEach)),
    " ",
    svg("text", { class: "sub", x: middle, y: y + 14 }, cut(step.sub, room, subEach)),
    " ",
    step.gate !== null && gateway(step, at.browser, y),
    " ",
    step.handler && handlerMark(at.api, y, !isNarrow),
  );
  // First what is to be seen, in the same words, so that it can be chosen by speech.
  const seen = (drawn.textContent ?? "").replace(/\s+/g, " ").trim();
  drawn.setAttribute("aria-label", `${seen}, ${index + 1} of ${count}, ${spoken(step, happened)}`);
  // Where there is motion, messages appear one after the other.
  drawn.style.setProperty("--nth", String(index));
  return drawn;
}

/**
 * Two posts and a leaf, in the browser's lane: open, the leaf is swung aside.
 *
 * @param {Step} step
 * @param {number} x
 * @param {number} y
 */
function gateway({ gate, kind }, x, y) {
  const isPreflight = kind === "preflight-answer";
  const word =
    gate === "opaque"
      ? "opaque"
      : gate === "open"
        ? isPreflight
          ? "go ahead"
          : "let through"
        : isPreflight
          ? "refused"
          : "withheld";
  return svg(
    "g",
    { class: `gate gate-${gate}` },
    svg("path", { class: "posts", d: `M${x - 5} ${y - 13}h10M${x - 5} ${y + 13}h10` }),
    gate === "open"
      ? svg("path", { class: "leaf", d: `M${x} ${y + 13}l-11 -14` })
      : svg("path", { class: "leaf", d: `M${x} ${y - 13}v26` }),
    svg("text", { class: "gate-label", x: x - 16, y: y + 4 }, word),
  );
}

/**
 * @param {number} x
 * @param {number} y
 * @param {boolean} hasText
 */
function handlerMark(x, y, hasText) {
  return svg(
    "g",
    { class: "handler" },
    svg("circle", { cx: x, cy: y - 25, r: 5.5 }),
    svg("path", { d: `M${x - 2.4} ${y - 25}l1.8 2 3 -4` }),
    hasText && svg("text", { x: x - 10, y: y - 21.5 }, "handler ran"),
  );
}

/**
 * @param {string} text
 * @param {number} room in pixels
 * @param {number} each pixels of a character, about
 */
function cut(text, room, each) {
  const most = Math.max(4, Math.floor(room / each));
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

/**
 * @param {Step} step
 * @param {boolean} happened
 */
function spoken(step, happened) {
  const who = `${NAMES[step.from]} to ${NAMES[step.to]}`;
  const gate = { open: "the gate is open", shut: "the gate is shut", opaque: "passed on, but opaque" };
  return [
    happened ? null : "expected",
    step.title,
    step.kind === "not-sent" ? null : who,
    step.gate && gate[step.gate],
    step.handler && "the handler ran",
  ]
    .filter(Boolean)
    .join(", ");
}

/**
 * @param {Step} step
 * @param {boolean} happened
 * @returns {HTMLElement[]}
 */
function describe(step, happened) {
  const isBodyless = step.body === "";
  return [
    element("h3", {}, step.title, !happened && element("span", { class: "tag" }, "expected")),
    element("pre", { class: "line" }, step.line),
    ...(step.kind === "not-sent" ? [] : [headerList(step.headers, {}, step.decisive)]),
    ...(isBodyless
      ? []
      : [element("pre", { tabindex: 0, role: "group", "aria-label": "Body", class: "body" }, step.body)]),
  ];
}
