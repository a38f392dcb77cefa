// What an address says of a situation, and the address of a situation: all of it is in the fragment. A fragment may come
// from anyone: what is read is checked, and never sent by itself.

import { firstRequest } from "./lessons.js";
import { DEFAULT_REQUEST, KINDS, toHand, toPolicy, toRequest } from "./state.js";

/**
 * @typedef {import("../app/control.js").PolicyConfig} PolicyConfig
 * @typedef {import("./state.js").HandWritten} HandWritten
 * @typedef {import("./state.js").LabRequest} LabRequest
 * @typedef {import("./lessons.js").Lesson} Lesson
 */

/**
 * @typedef {object} Situation
 * @property {PolicyConfig} policy
 * @property {HandWritten} hand  the server written by hand
 * @property {LabRequest} request
 * @property {string | null} lesson
 * @property {"form" | "file"} source  whose policy: this page's form, or the file of the default session
 */

/**
 * @param {Situation} situation
 * @returns {string} with its `#`; empty for the situation that a new reader finds
 */
export function toFragment({ policy, hand, request, lesson, source }) {
  const fragment = new URLSearchParams();
  if (lesson !== null) fragment.set("lesson", lesson);
  if (source === "file") fragment.set("source", "file");
  const settings = Object.entries(policy).filter(([, value]) =>
    Array.isArray(value) ? value.length > 0 : value !== false && value !== undefined,
  );
  if (settings.length > 0 && source === "form") fragment.set("policy", JSON.stringify(Object.fromEntries(settings)));
  const written = Object.entries(hand)
    .map(([part, response]) => [part, differences(response, toHand({}).response)])
    .filter(([, fields]) => Object.keys(fields).length > 0);
  if (written.length > 0 && source === "form") fragment.set("hand", JSON.stringify(Object.fromEntries(written)));
  const plain = { ...DEFAULT_REQUEST, path: KINDS[request.kind].path };
  const fields = differences(request, plain);
  if (Object.keys(fields).length > 0) fragment.set("request", JSON.stringify(fields));
  const text = fragment.toString();
  return text === "" ? "" : `#${text}`;
}

/**
 * The members whose values are not those of another object of the same type.
 *
 * @template {object} T
 * @param {T} one
 * @param {T} other
 * @returns {Partial<T>}
 */
function differences(one, other) {
  const had = new Map(Object.entries(other));
  const entries = Object.entries(one).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(had.get(key)));
  return /** @type {Partial<T>} */ (Object.fromEntries(entries));
}

/**
 * @param {string} hash
 * @returns {{policy: PolicyConfig | null, hand: HandWritten | null, request: LabRequest | null, lesson: string | null, source: "form" | "file"}}
 *   null where it says nothing
 */
export function fromFragment(hash) {
  const fragment = new URLSearchParams(hash.replace(/^#/, ""));
  const policy = parsed(fragment.get("policy"));
  const hand = parsed(fragment.get("hand"));
  const request = parsed(fragment.get("request"));
  return {
    policy: policy === null ? null : toPolicy(policy),
    hand: hand === null ? null : toHand(hand),
    request: request === null ? null : toRequest(request),
    lesson: fragment.get("lesson"),
    source: fragment.get("source") === "file" ? "file" : "form",
  };
}

/**
 * Where the reader stands when an address is opened: what it says counts, then what its lesson begins with, then what the
 * Lab begins with.
 *
 * @param {string} hash
 * @param {Lesson[]} lessons
 * @returns {{policy: PolicyConfig, hand: HandWritten, request: LabRequest, lesson: Lesson | null, source: "form" | "file"}}
 */
export function opened(hash, lessons) {
  const named = fromFragment(hash);
  const lesson = lessons.find(({ id }) => id === named.lesson) ?? null;
  const source = lesson === null ? named.source : "form";
  const request = named.request ?? firstRequest(lesson);
  return {
    policy: named.policy ?? toPolicy(lesson?.policy),
    hand: named.hand ?? toHand(lesson?.hand),
    // The session that the file governs has no server written by hand.
    request: source === "file" ? { ...request, server: DEFAULT_REQUEST.server } : request,
    lesson,
    source,
  };
}

/**
 * @param {string | null} text
 * @returns {unknown}
 */
function parsed(text) {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}
