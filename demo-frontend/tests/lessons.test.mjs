// The lessons are data that the page, the tutorial and the tests read: nothing in them may be unknown or missing.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { firstRequest, readLessons } from "../pure/lessons.js";
import { toPolicy, toRequest } from "../pure/state.js";
import { CONFIG } from "./support.mjs";

const json = readFileSync(new URL("../lessons/lessons.json", import.meta.url), "utf8");
const lessons = readLessons(json, CONFIG);

const NEEDED = [
  "id",
  "title",
  "text",
  "policy",
  "request",
  "question",
  "answer",
  "because",
  "first",
  "goal",
  "hint",
  "solution",
  "after",
  "links",
];
const OPTIONAL = ["before", "same_url", "origins"];

for (const lesson of lessons) {
  test(`the lesson ${lesson.id}`, () => {
    const members = Object.keys(lesson);
    assert.deepEqual(
      NEEDED.filter((name) => !members.includes(name)),
      [],
      "missing",
    );
    assert.deepEqual(
      members.filter((name) => ![...NEEDED, ...OPTIONAL].includes(name)),
      [],
      "unknown",
    );
    assert.deepEqual(Object.keys(lesson.goal).sort(), ["check", "text"]);
    assert.match(lesson.id, /^[a-z-]+$/);
    assert.ok(["allowed", "blocked"].includes(lesson.first));
    // What the page reads from a policy or a request is what stands there: nothing is left out as garbage.
    const policies = [lesson.policy, lesson.solution.policy ?? {}];
    for (const policy of policies)
      for (const [key, value] of Object.entries(policy)) assert.deepEqual(toPolicy(policy)[key], value);
    const requests = [lesson.request, lesson.solution.request ?? {}, ...(lesson.before ?? [])];
    for (const request of requests)
      for (const [key, value] of Object.entries(request)) assert.deepEqual(toRequest(request)[key], value);
    for (const [title, url] of lesson.links) assert.ok(title.length > 3 && url.startsWith("https://"), url);
  });
}

test("lessons have names of their own, and no placeholder is left", () => {
  assert.ok(lessons.length >= 18);
  assert.equal(new Set(lessons.map(({ id }) => id)).size, lessons.length);
  assert.ok(json.includes("{page}"));
  assert.doesNotMatch(JSON.stringify(lessons), /\{(page|api|attacker)\}/);
  assert.ok(JSON.stringify(lessons).includes(CONFIG.page));
});

test("a lesson begins with its own request, and may keep its URL", () => {
  const same = lessons.find(({ id }) => id === "the-preflight-cache");
  assert.deepEqual(firstRequest(same), { ...toRequest(same.request), same_url: true });
  assert.equal(firstRequest(lessons[0]).same_url, false);
  assert.deepEqual(firstRequest(null), toRequest({}));
});
