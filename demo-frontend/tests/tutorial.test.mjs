// The tutorial is the lessons.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { LESSONS, TUTORIAL, tutorial } from "../../tools/tutorial.mjs";

test("docs/tutorial.md is what the lessons say", async () => {
  const [json, written] = await Promise.all([LESSONS, TUTORIAL].map((file) => readFile(file, "utf8")));
  assert.ok(tutorial(json) === written, "docs/tutorial.md is out of date: run `node tools/tutorial.mjs`");
});

test("a lesson is written with all its parts", () => {
  const lesson = {
    id: "a-lesson",
    title: "`null` is a *title*!",
    text: ["From `{page}` to `{api}`."],
    policy: { allow_credentials: true, allow_origins: ["{page}", "{attacker}"], max_age: 5 },
    request: { page: "attacker" },
    before: [{ request: { path: "session" }, said: [] }],
    origins: [
      ["https://a.example", true],
      ["https://b.example", false],
    ],
    question: { text: "Will it?", yes: {}, answer: false },
    because: [
      { when: {}, text: "It won't." },
      { when: {}, text: "It will, after a change." },
    ],
    goal: [
      { id: "a", text: "Do it.", check: {} },
      { id: "b", text: "Do it again.", check: {} },
    ],
    hint: "Like so.",
    learned: "It can be done.",
    after: ["And more."],
    links: [
      ["A", "https://a.example/"],
      ["B", "https://b.example/"],
    ],
  };
  const byHand = {
    ...lesson,
    hand: {
      preflight: { status: 401 },
      response: { headers: [["Access-Control-Allow-Origin", "{page}"]] },
    },
  };
  const text = tutorial(JSON.stringify([lesson, byHand]));
  const [, whole] = text.split(" -->\n\n");
  const [written, ending] = whole.split("\n## 2.");
  assert.equal(
    written,
    `1. [\`null\` is a *title*!](#1-null-is-a-title)
2. [\`null\` is a *title*!](#2-null-is-a-title)

## 1. \`null\` is a *title*!

From \`http://localhost:3000\` to \`http://localhost:8080\`.

The policy:

\`\`\`toml
allow_origins = ["http://localhost:3000", "http://localhost:3001"]
allow_credentials = true
max_age = 5
\`\`\`

Sent when the lesson begins:

\`\`\`js
const response = await fetch("http://localhost:8080/api/session");
\`\`\`

The request:

\`\`\`js
// in the page of http://localhost:3001
const response = await fetch("http://localhost:8080/api/notes");
\`\`\`

| origin | should be |
|---|---|
| \`https://a.example\` | allowed |
| \`https://b.example\` | not allowed |

**Will it?**

No. It won't.

**Try it** ([open this lesson in the Lab](http://localhost:3000/#lesson=a-lesson)):

- Do it.
- Do it again.

<details><summary>A hint</summary>

Like so.

</details>

**It can be done.**

And more.

Read on: [A](https://a.example/), [B](https://b.example/).
`,
  );
  assert.ok(!ending.includes("The policy:"));
  for (const part of [
    "The server written by hand responds to a preflight with\n\n```http\nHTTP/1.1 401\n```\n",
    "and to every other request with\n\n```http\nHTTP/1.1 200\nAccess-Control-Allow-Origin: http://localhost:3000\n```\n",
    "## What you learned\n\n1. It can be done. ([`null` is a *title*!](#1-null-is-a-title))\n2. It can be done. (",
    "## Your policy\n",
  ])
    assert.ok(ending.includes(part), part);
});

// What a reader of the text alone has to find, each as it may be worded.
const FACTS = [
  /`Access-Control-Allow-Methods`/,
  /`Access-Control-Allow-Headers`/,
  /The response \*after\* a granted preflight needs `Access-Control-Allow-Origin`, too/,
  /A preflight fails on the origin, too/,
  /`Accept`, `Accept-Language`, `Content-Language`, `Content-Type` and `Range`/,
  /Two `Access-Control-Allow-Origin` values block, even when they are equal/,
  /every same-origin `POST` carries it\. A server must not reject/,
  /The real error is in the server's log, and its status in the network panel/,
  /a `POST` with a text body is sent, and its handler runs/,
];

test("the tutorial states what somebody who reads nothing else has to know", async () => {
  const written = await readFile(TUTORIAL, "utf8");
  for (const fact of FACTS) assert.match(written, fact);
  for (const jargon of [/\bthe gate\b/i, /\bon the wire\b/i, /\bforetell/i]) assert.doesNotMatch(written, jargon);
});
