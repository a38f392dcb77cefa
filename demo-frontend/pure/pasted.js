// What people paste into a field. A whole policy, as a file, as JSON or as Rust, is taken over; a header as code has it is read.
// All else is left to the server, whose library knows what is wrong with an entry and what to write instead.

import { LISTS } from "../generated/constants.js";

/** @typedef {import("../app/control.js").PolicyConfig} PolicyConfig */

/** A string of TOML, JSON, Rust or JavaScript. */
const STRING = String.raw`"(?:[^"\\\n]|\\.)*"|'[^'\n]*'`;
/** Between a setting's name and its value: `=`, `:` after a quoted name, or a call. */
const BEFORE = String.raw`["']?\s*[=:(]\s*`;
const LIST = new RegExp(
  String.raw`(?<![\w-])(${LISTS.join("|")})${BEFORE}\[((?:\s|,|#[^\n]*(?=\n)|${STRING})*)\]`,
  "g",
);
const FLAG = new RegExp(String.raw`(?<![\w-])allow_credentials(?:\(\s*\)|${BEFORE}(true|false))`, "g");
const AGE = new RegExp(String.raw`(?<![\w-])max_age${BEFORE}(?:Duration::from_secs\(\s*)?(\d{1,9})\b`, "g");
/** What stands around settings in the three forms, and in a table of a larger file. */
const AROUND =
  /#[^\n]*|\/\/[^\n]*|^\s*\[[\w.-]+\]\s*$|let policy =|(?:\w+::)?Policy::builder\(\)|build\(\)|[\s{}()"'.,;?]+/gm;

/**
 * The settings of a policy that was pasted into one field.
 *
 * @param {string} text
 * @returns {Partial<PolicyConfig> | null} null if it is not a policy, or if there is something else in it
 */
export function takenFrom(text) {
  /** @type {Record<string, unknown>} */
  const taken = {};
  const rest = text
    .replace(LIST, (_, name, items) => {
      taken[name] = (items.match(new RegExp(`#[^\n]*|${STRING}`, "g")) ?? [])
        .filter((/** @type {string} */ item) => !item.startsWith("#"))
        .map(unquoted);
      return "";
    })
    .replace(FLAG, (_, value) => {
      taken.allow_credentials = value !== "false";
      return "";
    })
    .replace(AGE, (_, seconds) => {
      taken.max_age = Number(seconds);
      return "";
    })
    .replace(AROUND, "");
  return rest === "" && Object.keys(taken).length > 0 ? taken : null;
}

/**
 * A line of the request's headers: `name: value`, a member of an object, or an argument of curl.
 *
 * @param {string} line
 * @returns {[string, string]}
 */
export function headerFrom(line) {
  const text = line.trim();
  const member = text.match(new RegExp(`^(${STRING})\\s*:\\s*(${STRING})\\s*,?$`));
  if (member) return [unquoted(member[1]), unquoted(member[2])];
  const argument = text.match(new RegExp(`^(?:-H|--header)[ =]?(${STRING})\\s*\\\\?$`));
  const header = argument ? unquoted(argument[1]) : text;
  // The first character may be the colon of an HTTP/2 pseudo-header.
  const colon = header.indexOf(":", 1);
  return colon === -1 ? [header.trim(), ""] : [header.slice(0, colon).trim(), header.slice(colon + 1).trim()];
}

/** @param {string} quoted */
function unquoted(quoted) {
  try {
    if (quoted.startsWith('"')) return JSON.parse(quoted);
  } catch {
    // An escape that JSON does not have.
  }
  return quoted.slice(1, -1);
}
