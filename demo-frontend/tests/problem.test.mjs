// A problem's words at its field, and what is sent of a field that is not valid.

import assert from "node:assert/strict";
import { test } from "node:test";

import { shortened, toSeconds, withoutPlace } from "../pure/problem.js";

test("the place of a problem is not said twice", () => {
  for (const [message, wanted] of [
    ['allow_origins[0] "https://*": a "*" can only stand for whole labels', 'a "*" can only stand for whole labels'],
    ['allow_origins[12] "\\"http://localhost:3000\\"": quotation marks', "quotation marks"],
    ['allow_origins[0] "allow_origins = [\\"http://a\\"]": this is a whole line', "this is a whole line"],
    ['allow_headers[0] "x:y": this is not a valid header name', "this is not a valid header name"],
    ['allow_methods[0] "a\\\\": not valid: write "PUT"', 'not valid: write "PUT"'],
    ["max_age 90000: browsers cache a preflight response", "browsers cache a preflight response"],
    // Nothing else is cut off.
    ["max_age can't be negative, and is -1. Write 0", "max_age can't be negative, and is -1. Write 0"],
    ["the server says: no", "the server says: no"],
  ]) {
    assert.equal(withoutPlace(message), wanted, message);
  }
});

test("what is in max_age reaches the server, valid or not", () => {
  for (const [text, wanted] of [
    ["600", 600],
    ["0", 0],
    ["-1", -1],
    ["1.5", 1.5],
    ["100000000000000000000", 1e20],
    ["abc", "abc"],
    ["1h", "1h"],
    ["1e3", "1e3"],
    ["Infinity", "Infinity"],
    ["0x10", "0x10"],
    ["9".repeat(400), "9".repeat(400)],
  ]) {
    assert.equal(toSeconds(text), wanted, text);
    // JSON has no number for what is not finite: it would be no value at all.
    assert.notEqual(JSON.stringify(toSeconds(text)), "null", text);
  }
});

test("a long value is shown in part", () => {
  assert.equal(shortened("x".repeat(80)).length, 80);
  assert.equal(shortened("x".repeat(5000)).length, 81);
});
