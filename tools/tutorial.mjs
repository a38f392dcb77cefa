// node tools/tutorial.mjs: writes docs/tutorial.md, the Lab's lessons as one text for those who would rather read. The
// lessons are data, in demo-frontend/lessons/lessons.json; requests are written as code by the module that the page uses.

import { readFile, writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

import { asScript } from "../demo-frontend/pure/code.js";
import { readLessons } from "../demo-frontend/pure/lessons.js";
import { LISTS, toPolicy, toRequest } from "../demo-frontend/pure/state.js";

export const LESSONS = new URL("../demo-frontend/lessons/lessons.json", import.meta.url);
export const TUTORIAL = new URL("../docs/tutorial.md", import.meta.url);

/** Where the Lab is, unless it is told otherwise. */
const CONFIG = {
  page: "http://localhost:3000",
  api: "http://localhost:8080",
  api_alias: null,
  attacker: "http://localhost:3001",
};

const INTRODUCTION = `# CORS, lesson by lesson

These are the lessons of CORS Lab as one text. In the Lab you answer each question before you send the request, a real browser
gives its verdict, and the page sees whether you reached the goal: \`cargo run -p demo-backend\`, then open
<http://localhost:3000>. A link *in the Lab* below opens its lesson there.

The page comes from \`http://localhost:3000\`, the API is at \`http://localhost:8080\`, and another page, which should not be able
to do much, at \`http://localhost:3001\`.

<!-- Written by \`node tools/tutorial.mjs\` from demo-frontend/lessons/lessons.json. -->
`;

/**
 * @param {string} json the lessons
 * @returns {string}
 */
export function tutorial(json) {
  const lessons = readLessons(json, CONFIG);
  const contents = lessons.map(
    ({ title }, index) => `${index + 1}. [${title}](#${anchor(`${index + 1}. ${title}`)})\n`,
  );
  return `${INTRODUCTION}\n${contents.join("")}${lessons.map(section).join("")}`;
}

/**
 * @param {import("../demo-frontend/pure/lessons.js").Lesson} lesson
 * @param {number} index
 */
function section(lesson, index) {
  const {
    id,
    title,
    text,
    policy,
    before = [],
    request,
    origins,
    question,
    because,
    goal,
    hint,
    learned,
    after,
    links,
  } = lesson;
  const paragraphs = [
    `## ${index + 1}. ${title}`,
    ...text,
    `The policy:\n\n${block("toml", toml(toPolicy(policy)))}`,
    ...before.map((earlier) => `Sent when the lesson begins:\n\n${script(earlier.request)}`),
    `The request:\n\n${script(request)}`,
    ...(origins === undefined ? [] : [table(origins)]),
    `**${question.text}**`,
    // The first one is true of the lesson's beginning, which a test sees to.
    `${question.answer ? "Yes" : "No"}. ${because[0].text}`,
    `**Try it** ([open this lesson in the Lab](${CONFIG.page}/#lesson=${id})):`,
    goal.map(({ text: part }) => `- ${part}`).join("\n"),
    folded("A hint", hint),
    `**${learned}**`,
    ...after,
    `Read on: ${links.map(([name, url]) => `[${name}](${url})`).join(", ")}.`,
  ];
  return paragraphs.map((paragraph) => `\n${paragraph}\n`).join("");
}

/** @param {unknown} request */
function script(request) {
  return block("js", asScript(CONFIG, "default", toRequest(request)));
}

/**
 * @param {string} language
 * @param {string} code
 */
function block(language, code) {
  return `\`\`\`${language}\n${code}\n\`\`\``;
}

/**
 * @param {string} summary
 * @param {string} text
 */
function folded(summary, text) {
  return `<details><summary>${summary}</summary>\n\n${text}\n\n</details>`;
}

/** @param {[string, boolean][]} origins */
function table(origins) {
  const rows = origins.map(([origin, wanted]) => `| \`${origin}\` | ${wanted ? "allowed" : "not allowed"} |`);
  return ["| origin | should be |", "|---|---|", ...rows].join("\n");
}

/**
 * A policy as its file. What a policy has in it, TOML writes as JSON does. A test of the server holds this against the file
 * that the page shows.
 *
 * @param {import("../demo-frontend/app/control.js").PolicyConfig} policy
 */
function toml(policy) {
  const lists = LISTS.filter((name) => (policy[name] ?? []).length > 0).map((name) => {
    return `${name} = [${policy[name].map((entry) => JSON.stringify(entry)).join(", ")}]`;
  });
  const others = Object.entries(policy).filter(([, value]) => !Array.isArray(value) && value !== false);
  const lines = [...lists, ...others.map(([name, value]) => `${name} = ${value}`)];
  return lines.join("\n") || "# Nothing is set: no other origin may read the API's responses.";
}

/**
 * The name by which GitHub links a heading.
 *
 * @param {string} heading
 */
function anchor(heading) {
  return heading
    .toLowerCase()
    .replaceAll(" ", "-")
    .replace(/[^\p{Alphabetic}\p{Number}_-]/gu, "");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await writeFile(TUTORIAL, tutorial(await readFile(LESSONS, "utf8")));
  console.log("docs/tutorial.md is written");
}
