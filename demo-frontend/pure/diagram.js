// The sequence diagram as data: shapes for the wire's room to put into the document, and what a chosen message shows.

import { headerRows } from "./headers.js";

/**
 * @typedef {import("./story.js").Story} Story
 * @typedef {import("./story.js").Step} Step
 * @typedef {import("./story.js").Lane} Lane
 */

/**
 * An element of SVG.
 *
 * @typedef {object} Shape
 * @property {string} name
 * @property {Record<string, string | number | boolean | null>} attributes  those that are null are left out
 * @property {(Shape | string)[]} children
 */

const HEAD = 46;
/** The height of a message; where there are many, they stand closer, so that all are seen at once. */
const ROW = 46;
const CLOSE_ROW = 35;
const MOST_ROWS = 5;
const FOOT = 8;
/** Below this many pixels letters are smaller, and what can be left out is. */
const NARROW = 520;

/** @type {Record<Lane, string>} */
const NAMES = {
  page: "Page",
  browser: "Browser",
  site: "Page’s server",
  attacker: "Attacker’s server",
  cache: "Cache",
  api: "API",
};

/**
 * Where the lanes between the two outer ones stand, in parts of the width, by how many there are.
 *
 * @type {Record<"wide" | "narrow", number[][]>}
 */
const BETWEEN = {
  wide: [[], [0.38], [0.32, 0.63], [0.27, 0.51, 0.75], [0.24, 0.43, 0.62, 0.8]],
  narrow: [[], [0.41], [0.41, 0.72], [0.3, 0.53, 0.76], [0.26, 0.44, 0.62, 0.8]],
};

/**
 * @param {string} name
 * @param {Shape["attributes"]} attributes
 * @param {...(Shape | string | false | null)} children
 * @returns {Shape}
 */
function shape(name, attributes, ...children) {
  return { name, attributes, children: children.filter((child) => child !== false && child !== null) };
}

/**
 * @param {Shape | string} drawn
 * @returns {string}
 */
function textOf(drawn) {
  return typeof drawn === "string" ? drawn : drawn.children.map(textOf).join("");
}

/**
 * @param {Story} story
 * @param {number | null} chosen  the message that is chosen
 * @param {number} width          in pixels
 * @param {boolean} arrives       whether it is news, and may move
 * @returns {Shape}
 */
export function picture({ steps, happened, lanes }, chosen, width, arrives) {
  const row = steps.length > MOST_ROWS ? CLOSE_ROW : ROW;
  const height = HEAD + steps.length * row + FOOT;
  const isNarrow = width < NARROW;
  // What a handler did is written to the right of the API's lane.
  const edge = isNarrow ? 24 : Math.min(82, Math.max(70, width * 0.11));
  const isThere = /** @param {Lane} lane */ (lane) =>
    lane in lanes || steps.some(({ from, to }) => from === lane || to === lane);
  const between = /** @type {const} */ (["browser", "site", "attacker", "cache"]).filter(isThere);
  const parts = BETWEEN[isNarrow ? "narrow" : "wide"][between.length] ?? [];
  const places = between.map((lane, index) => [lane, Math.round(width * (parts[index] ?? 0))]);
  const at = /** @type {Record<Lane, number>} */ ({ page: edge, api: width - edge, ...Object.fromEntries(places) });
  const order = /** @type {Lane[]} */ (["page", ...between, "api"]);
  const gates = steps.flatMap((step, index) => (step.gate === null ? [] : [rowY(index, row)]));

  return shape(
    "svg",
    {
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      class: `sequence${happened ? "" : " expected"}${arrives ? " arrives" : ""}${isNarrow ? " narrow" : ""}`,
      role: "group",
      "aria-label": happened ? "What went over the wire" : "What is expected to go over the wire",
    },
    shape(
      "g",
      { "aria-hidden": "true" },
      ...order.map((lane) => laneLine(lane, at[lane], height, lane === "browser" ? gates : [])),
      ...order.map((lane) => laneHead(lane, at[lane], lanes[lane] ?? "", width)),
    ),
    ...steps.map((step, index) =>
      messageShape(step, index, row, at, steps.length, chosen === index, happened, isNarrow),
    ),
  );
}

/**
 * @param {number} index
 * @param {number} row its height
 */
function rowY(index, row) {
  return HEAD + (index + 1) * row - 15;
}

/**
 * The browser's lane is broken where a response comes to its gate.
 *
 * @param {Lane} lane
 * @param {number} x
 * @param {number} height
 * @param {number[]} gaps
 */
function laneLine(lane, x, height, gaps) {
  let path = `M${x} ${HEAD - 8}`;
  for (const y of gaps) path += `V${y - 13}M${x} ${y + 13}`;
  return shape("path", { class: `lane lane-${lane}`, d: `${path}V${height - 2}` });
}

/**
 * @param {Lane} lane
 * @param {number} x
 * @param {string} below
 * @param {number} width
 */
function laneHead(lane, x, below, width) {
  const isNarrow = width < NARROW;
  return shape(
    "g",
    { class: `lane-head lane-${lane}` },
    shape("text", { x, y: 18, class: "lane-name" }, NAMES[lane]),
    shape("text", { x, y: 34, class: "lane-origin" }, isNarrow ? below.replace(/^.*(?=:\d+$)/, "") : below),
  );
}

/**
 * @param {Step} step
 * @param {number} index
 * @param {number} row  its height
 * @param {Record<Lane, number>} at
 * @param {number} count
 * @param {boolean} isChosen
 * @param {boolean} happened
 * @param {boolean} isNarrow
 */
function messageShape(step, index, row, at, count, isChosen, happened, isNarrow) {
  const y = rowY(index, row);
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

  const drawn = shape(
    "g",
    {
      class: `message tone-${step.tone}${isChosen ? " chosen" : ""}`,
      "data-message": index,
      "data-kind": step.kind,
      role: "button",
      tabindex: 0,
      "aria-pressed": String(isChosen),
    },
    shape("rect", { class: "hit", x: left - 8, y: y - row + 16, width: right - left + 16, height: row - 1, rx: 6 }),
    shape("path", {
      class: `arrow${isNotSent ? " cut" : ""}`,
      d: `M${start} ${y}H${end}`,
      pathLength: isNotSent ? null : 1,
    }),
    isNotSent
      ? shape("path", { class: "cross", d: `M${end - 1} ${y - 6}l12 12m0 -12l-12 12` })
      : shape("path", { class: "head", d: `M${end} ${y}l${-sign * 8} -4.5v9z` }),
    isNotSent && shape("path", { class: "ghost", d: `M${end + 18} ${y}H${whole}` }),
    shape("text", { class: "label", x: middle, y: y - 9 }, cut(step.label, room, labelEach)),
    " ",
    shape("text", { class: "sub", x: middle, y: y + 14 }, cut(step.sub, room, subEach)),
    " ",
    step.gate !== null && gateway(step, at.browser, y),
    " ",
    step.handler && handlerMark(at.api, y, !isNarrow),
  );
  // First what is to be seen, in the same words, so that it can be chosen by speech.
  const seen = textOf(drawn).replace(/\s+/g, " ").trim();
  drawn.attributes["aria-label"] = `${seen}, ${index + 1} of ${count}, ${spoken(step, happened)}`;
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
  const isPreflight = kind === "preflight-response";
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
  return shape(
    "g",
    { class: `gate gate-${gate}` },
    shape("path", { class: "posts", d: `M${x - 5} ${y - 13}h10M${x - 5} ${y + 13}h10` }),
    gate === "open"
      ? shape("path", { class: "leaf", d: `M${x} ${y + 13}l-11 -14` })
      : shape("path", { class: "leaf", d: `M${x} ${y - 13}v26` }),
    shape("text", { class: "gate-label", x: x - 16, y: y + 4 }, word),
  );
}

/**
 * @param {number} x
 * @param {number} y
 * @param {boolean} hasText
 */
function handlerMark(x, y, hasText) {
  return shape(
    "g",
    { class: "handler" },
    shape("circle", { cx: x, cy: y - 25, r: 5.5 }),
    shape("path", { d: `M${x - 2.4} ${y - 25}l1.8 2 3 -4` }),
    hasText && shape("text", { x: x + 10, y: y - 21.5 }, "handler ran"),
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
  const gate = { open: "the browser lets it through", shut: "the browser stops it", opaque: "passed on, but opaque" };
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
 * What a chosen message shows.
 *
 * @param {Step} step
 * @param {boolean} happened
 */
export function details({ kind, title, line, headers, decisive, dropped, body }, happened) {
  return {
    title,
    isExpected: !happened,
    line,
    headers: kind === "not-sent" ? null : headerRows(headers, decisive, dropped),
    body: body === "" ? null : body,
  };
}
