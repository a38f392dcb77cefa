// The lessons are data that the page, the tutorial and the tests read: nothing in them may be unknown or missing, and nothing
// may be said that isn't shown.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { firstRequest, readLessons } from "../pure/lessons.js";
import { toPolicy, toRequest } from "../pure/state.js";
import { unfounded } from "./claims.mjs";
import { CONFIG } from "./support.mjs";

const json = readFileSync(new URL("../lessons/lessons.json", import.meta.url), "utf8");
const lessons = readLessons(json, CONFIG);
const MOST_WORDS = 90;
const LONGEST_STREAK = 3;

const NEEDED = [
  "id",
  "title",
  "text",
  "policy",
  "request",
  "question",
  "because",
  "first",
  "goal",
  "hint",
  "solution",
  "learned",
  "after",
  "links",
];
const OPTIONAL = ["hand", "before", "same_url", "origins", "engine"];

const words = (/** @type {string[]} */ texts) => texts.join(" ").split(/\s+/).length;

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
    assert.match(lesson.id, /^[a-z-]+$/);
    assert.ok(["readable", "opaque", "blocked"].includes(lesson.first));
    assert.ok(words(lesson.text) <= MOST_WORDS, `${words(lesson.text)} words before the question`);
    assert.ok(lesson.because.length > 0 && lesson.goal.length > 0);
    assert.equal(new Set(lesson.goal.map(({ id }) => id)).size, lesson.goal.length, "parts have names of their own");
    for (const { id } of lesson.goal) assert.match(id, /^[a-z-]+$/);
    // What the page reads from a policy or a request is what stands there: nothing is left out as garbage.
    const steps = /** @type {Record<string, any>[]} */ (lesson.solution);
    const policies = [lesson.policy, ...steps.flatMap(({ policy, refused }) => policy ?? refused ?? [])];
    for (const policy of policies)
      for (const [key, value] of Object.entries(policy)) assert.deepEqual(toPolicy(policy)[key], value);
    const before = (lesson.before ?? []).map(({ request }) => request);
    const requests = [lesson.request, ...steps.flatMap(({ request }) => request ?? []), ...before];
    for (const request of requests)
      for (const [key, value] of Object.entries(request)) assert.deepEqual(toRequest(request)[key], value);
    for (const [title, url] of lesson.links) {
      assert.ok(url.startsWith("https://"), url);
      assert.match(title, /^[A-Z].{3,}$/);
      assert.doesNotMatch(title, /§|#/, "a link says what it leads to");
    }
  });

  test(`the lesson ${lesson.id} says nothing that isn't shown`, () => {
    assert.deepEqual(unfounded(lesson), []);
  });
}

test("lessons have names of their own, and no placeholder is left", () => {
  assert.ok(lessons.length >= 18);
  for (const of of /** @type {const} */ (["id", "title"]))
    assert.equal(new Set(lessons.map((lesson) => lesson[of])).size, lessons.length);
  assert.ok(json.includes("{page}"));
  assert.doesNotMatch(JSON.stringify(lessons), /\{(page|api|alias|attacker)\}/);
  assert.ok(JSON.stringify(lessons).includes(CONFIG.page));
});

test("the right guess is yes about as often as no, and can't be told from the one before", () => {
  const answers = lessons.map(({ question }) => question.answer);
  const yes = answers.filter(Boolean).length;
  assert.ok(Math.abs(yes - (answers.length - yes)) <= 3, `${yes} of ${answers.length} are yes`);
  const streaks = answers.map((answer, at) => answers.slice(at).findIndex((other) => other !== answer));
  assert.ok(Math.max(...streaks) <= LONGEST_STREAK, `${streaks}`);
});

test("a lesson begins with its own request, and may keep its URL", () => {
  const same = lessons.find(({ id }) => id === "the-preflight-cache");
  assert.deepEqual(firstRequest(same), { ...toRequest(same.request), same_url: true });
  assert.equal(firstRequest(lessons[0]).same_url, false);
  assert.deepEqual(firstRequest(null), toRequest({}));
});

test("a sentence that nothing founds is found", () => {
  const sound = lessons.find(({ id }) => id === "the-first-block");
  assert.deepEqual(unfounded(sound), []);
  for (const [planted, where] of [
    // A request that nobody sent, or that nobody sent after a reload.
    [{ text: ["A moment ago somebody sent a plain request for this URL."] }, "text"],
    [{ text: ["The response is in the cache now."] }, "text"],
    [{ after: ["The attacker’s request came, with the user’s cookie."] }, "after"],
    [{ hint: "The handler ran, so send again." }, "hint"],
    [{ learned: "The browser blocked your request." }, "learned"],
    [{ question: { ...sound.question, text: "The request was sent. Was it read?" } }, "question"],
    // What a link may have changed.
    [{ text: ["The policy allows nobody."] }, "text"],
    [{ text: ["This request is a `PUT`."] }, "text"],
    [{ text: ["The policy is empty again."] }, "text"],
    // What a condition doesn't show.
    [{ because: [{ when: { outcome: "blocked" }, text: "The browser sent it, cookie and all." }] }, "because"],
    [{ because: [{ when: { outcome: "blocked" }, text: "There was no preflight." }] }, "because"],
    [{ because: [{ when: { preflights: 0 }, text: "The handler ran." }] }, "because"],
    [{ because: [{ when: {}, text: "The script was blocked." }] }, "because"],
    [{ because: [{ when: { handler_ran: true }, text: "It responded with status 401." }] }, "because"],
    [{ because: [{ when: { handler_ran: true }, text: "It said `Vary: Origin`." }] }, "because"],
    [{ because: [{ when: { got: { vary: true } }, text: "The request said `Origin: null`." }] }, "because"],
    [{ goal: [{ ...sound.goal[0], shows: "The cache had it." }] }, "goal"],
    [{ goal: [{ ...sound.goal[0], text: "You sent it; now read it." }] }, "goal"],
    [{ before: [{ request: {}, said: [{ when: { requests: 1 }, text: "The API set a cookie." }] }] }, "before"],
  ]) {
    const found = unfounded({ ...sound, .../** @type {object} */ (planted) });
    assert.ok(
      found.some((complaint) => complaint.startsWith(`${where}: `)),
      `${JSON.stringify(planted)}: ${JSON.stringify(found)}`,
    );
  }
});
