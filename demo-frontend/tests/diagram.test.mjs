// The steps become the right picture: arrows from lane to lane, gates that stand open or shut, handlers that ran.

import assert from "node:assert/strict";
import { test } from "node:test";

import { details, picture } from "../pure/diagram.js";
import { tell } from "../pure/story.js";
import { RUNS } from "./support.mjs";

const WIDTH = 700;

/** All shapes in a picture, itself included. */
function all(shape) {
  return typeof shape === "string" ? [] : [shape, ...shape.children.flatMap(all)];
}

function textOf(shape) {
  return typeof shape === "string" ? shape : shape.children.map(textOf).join("");
}

function hasClass(name) {
  return ({ attributes }) =>
    String(attributes.class ?? "")
      .split(" ")
      .includes(name);
}

function drawn(name, width = WIDTH, chosen = null, arrives = false) {
  return picture(tell(RUNS[name]), chosen, width, arrives);
}

function messages(shape) {
  return all(shape).filter(({ attributes }) => "data-message" in attributes);
}

/** Where each lane stands. */
function lanesOf(shape) {
  const heads = all(shape).filter(hasClass("lane-head"));
  return new Map(heads.map((head) => [textOf(head.children[0]), head.children[0].attributes.x]));
}

/** What is drawn of a message: its arrow from lane to lane, its gate, its mark. */
function sketch(shape) {
  const lanes = [...lanesOf(shape)];
  const nearest = (x) => lanes.reduce((best, lane) => (Math.abs(lane[1] - x) < Math.abs(best[1] - x) ? lane : best))[0];
  return messages(shape).map((message) => {
    const inside = all(message);
    const arrow = inside.find(hasClass("arrow"));
    const [, start, end] = /^M([\d.]+) [\d.]+H([\d.]+)$/.exec(arrow.attributes.d).map(Number);
    const head = inside.find(hasClass("head"));
    if (head) assert.match(head.attributes.d, end > start ? /l-8 / : /l8 /, "the head points where the arrow goes");
    const gate = inside.find(hasClass("gate"));
    const leaf = gate && all(gate).find(hasClass("leaf")).attributes.d;
    return [
      hasClass("cut")(arrow) ? `${nearest(start)} cut` : `${nearest(start)} > ${nearest(end)}`,
      gate ? `${/v26$/.test(leaf) ? "closed" : /l-11 -14$/.test(leaf) ? "open" : leaf} gate: ${textOf(gate)}` : "",
      inside.some(hasClass("handler")) ? "handler" : "",
      String(message.attributes.class).split(" ")[1],
    ]
      .filter(Boolean)
      .join(", ");
  });
}

const CALL = "Page > Browser, tone-plain";
const SENT = "Browser > API, tone-plain";
const GIVEN = "Browser > Page, tone-good";
const ERROR = "Browser > Page, tone-bad";

for (const [name, wanted] of Object.entries({
  expected: [CALL, SENT, "API > Browser, closed gate: withheld, tone-bad", ERROR],
  blocked: [CALL, SENT, "API > Browser, closed gate: withheld, handler, tone-bad", ERROR],
  allowed: [CALL, SENT, "API > Browser, open gate: let through, handler, tone-good", GIVEN],
  "preflight granted": [
    CALL,
    SENT,
    "API > Browser, open gate: go ahead, tone-good",
    SENT,
    "API > Browser, open gate: let through, handler, tone-good",
    GIVEN,
  ],
  "preflight refused": [CALL, SENT, "API > Browser, closed gate: refused, tone-bad", "Browser cut, tone-bad", ERROR],
  redirected: [
    CALL,
    SENT,
    "API > Browser, open gate: let through, handler, tone-good",
    SENT,
    "API > Browser, open gate: let through, handler, tone-good",
    GIVEN,
  ],
  "through the page's server": [
    CALL,
    "Browser > Page’s server, tone-plain",
    "Page’s server > API, tone-plain",
    "API > Page’s server, handler, tone-plain",
    "Page’s server > Browser, open gate: let through, tone-good",
    GIVEN,
  ],
  "redirected away": [
    CALL,
    SENT,
    "API > Browser, open gate: let through, handler, tone-good",
    "Browser > Page’s server, tone-plain",
    "Page’s server > Browser, closed gate: withheld, tone-bad",
    ERROR,
  ],
  opaque: [CALL, SENT, "API > Browser, closed gate: opaque, handler, tone-opaque", "Browser > Page, tone-opaque"],
  failed: [CALL, "Browser cut, tone-bad", ERROR],
  "out of the cache": [CALL, "Browser > Cache, tone-plain", "Cache > Browser, closed gate: withheld, tone-bad", ERROR],
})) {
  test(`the picture: ${name}`, () => assert.deepEqual(sketch(drawn(name)), wanted));
}

test("a gate has the class of its state, and the browser's lane is broken at it", () => {
  for (const [name, gates] of Object.entries({
    blocked: ["gate gate-shut"],
    allowed: ["gate gate-open"],
    opaque: ["gate gate-opaque"],
    "preflight refused": ["gate gate-shut"],
    "preflight granted": ["gate gate-open", "gate gate-open"],
    failed: [],
  })) {
    const shapes = all(drawn(name));
    assert.deepEqual(
      shapes.filter(hasClass("gate")).map(({ attributes }) => attributes.class),
      gates,
      name,
    );
    const lane = shapes.find((shape) => shape.name === "path" && hasClass("lane-browser")(shape));
    assert.equal(lane.attributes.d.split("M").length - 2, gates.length, name);
  }
});

test("every lane is named, with its origin", () => {
  const heads = (shape) =>
    all(shape)
      .filter(hasClass("lane-head"))
      .map((head) => head.children.map(textOf).join(" "));
  assert.deepEqual(heads(drawn("blocked")), ["Page localhost:3000", "Browser yours", "API localhost:8080"]);
  assert.deepEqual(heads(drawn("out of the cache")), [
    "Page localhost:3000",
    "Browser yours",
    "Cache shared",
    "API localhost:8080",
  ]);
  assert.deepEqual(heads(drawn("blocked", 340)), ["Page :3000", "Browser yours", "API :8080"]);
});

test("every message can be chosen by keyboard and says what it shows", () => {
  const shown = messages(drawn("preflight refused", WIDTH, 2)).map(({ attributes }) => attributes);
  assert.deepEqual(
    shown.map((one) => one["aria-label"]),
    [
      'fetch("notes/1") the page’s script, 1 of 5, What the page’s script called, Page to Browser',
      "OPTIONS notes/1 may I PUT with content-type?, 2 of 5, The preflight, Browser to API",
      "204 No Content no allow-methods refused, 3 of 5, The response to the preflight, API to Browser, the browser stops it",
      "PUT notes/1 never sent, 4 of 5, A request that was never sent",
      "TypeError no response, 5 of 5, What the page’s script is given, Browser to Page",
    ],
  );
  assert.deepEqual(
    shown.map((one) => one["data-kind"]),
    ["call", "preflight", "preflight-response", "not-sent", "result"],
  );
  assert.deepEqual(
    shown.map((one) => one["aria-pressed"]),
    ["false", "false", "true", "false", "false"],
  );
  assert.ok(shown.every(({ tabindex, role }) => tabindex === 0 && role === "button"));
  const handled = messages(drawn("blocked"))[2].attributes["aria-label"];
  assert.equal(
    handled,
    "200 OK no allow-origin withheld handler ran, 3 of 4, The response, API to Browser, the browser stops it, the handler ran",
  );
  assert.match(messages(drawn("expected"))[1].attributes["aria-label"], /, 2 of 4, expected, The request, /);
});

test("what is only expected is drawn so, and what is narrow is cut to fit", () => {
  assert.equal(drawn("expected").attributes.class, "sequence expected");
  assert.equal(drawn("blocked", WIDTH, null, true).attributes.class, "sequence arrives");
  const narrow = drawn("redirected away", 340);
  assert.equal(narrow.attributes.class, "sequence narrow");
  const labels = all(narrow).filter(hasClass("label")).map(textOf);
  assert.ok(labels.includes("GET /favicon.s…"), labels.join(" | "));
  for (const lane of lanesOf(narrow).values()) assert.ok(lane > 0 && lane < 340);
});

test("a chosen message shows its headers and its body", () => {
  const { steps } = tell(RUNS.blocked);
  assert.deepEqual(details(steps[2], true), {
    title: "The response",
    isExpected: false,
    line: "200 OK",
    headers: [
      { name: "content-type", value: "application/json", decides: false, dropped: false },
      { name: "access-control-allow-origin", value: null, decides: true, dropped: false },
    ],
    body: '{"notes":[]}',
  });
  assert.deepEqual(details(steps[1], false), {
    title: "The request",
    isExpected: true,
    line: "GET http://localhost:8080/s/abc/api/notes?run=r1",
    headers: [
      { name: "host", value: "localhost:8080", decides: false, dropped: false },
      { name: "origin", value: "http://localhost:3000", decides: true, dropped: false },
    ],
    body: null,
  });
  assert.equal(details(tell(RUNS["preflight refused"]).steps[3], true).headers, null);
});
