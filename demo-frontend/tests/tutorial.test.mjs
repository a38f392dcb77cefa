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
    before: [{ path: "session" }],
    origins: [
      ["https://a.example", true],
      ["https://b.example", false],
    ],
    question: "Will it?",
    answer: false,
    because: "It won't.",
    goal: { text: "Do it." },
    hint: "Like so.",
    after: ["And more."],
    links: [
      ["A", "https://a.example/"],
      ["B", "https://b.example/"],
    ],
  };
  const text = tutorial(JSON.stringify([lesson]));
  const [, written] = text.split(" -->\n\n");
  assert.equal(
    written,
    `1. [\`null\` is a *title*!](#1-null-is-a-title)

## 1. \`null\` is a *title*!

From \`http://localhost:3000\` to \`http://localhost:8080\`.

The policy:

\`\`\`toml
allow_origins = ["http://localhost:3000", "http://localhost:3001"]
allow_credentials = true
max_age = 5
\`\`\`

Before that, somebody else:

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

<details><summary>The answer</summary>

No. It won't.

</details>

**The goal.** Do it. ([in the Lab](http://localhost:3000/#lesson=a-lesson))

<details><summary>A hint</summary>

Like so.

</details>

And more.

Read on: [A](https://a.example/), [B](https://b.example/).
`,
  );
});
