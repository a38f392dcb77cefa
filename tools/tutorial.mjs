// node tools/tutorial.mjs: writes docs/tutorial.md, the Lab's lessons as one text for those who would rather read. The
// lessons are data, in demo-frontend/lessons/lessons.json; requests are written as code by the module that the page uses.

import { readFile, writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

import { asScript } from "../demo-frontend/pure/code.js";
import { ENGINE_NAMES } from "../demo-frontend/pure/engine.js";
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

This text teaches CORS from the first error message to the policy of your own server. It stands alone. Each lesson has a setting,
a question, the answer, and the rules behind it.

It is also what CORS Lab teaches, where you answer each question first, and a real browser has the last word:
\`cargo run -p demo-backend\`, then open <http://localhost:3000>. Each lesson below links to its counterpart there, with something
to try. What *Yes* and *No* say is what happens if you change nothing; tests in three browser engines hold them to it.

The same names are used throughout:

| name | what it is |
|---|---|
| this page | a page at \`http://localhost:3000\`. Its script sends the requests, with \`fetch()\` unless something else is said |
| the API | a server at \`http://localhost:8080\` that stores notes; \`http://127.0.0.1:8080\` is its second address |
| the attacker | another page, at \`http://localhost:3001\`, in the same browser |
| the policy | the API's CORS settings, as its configuration file has them. \`actix-web-cors\`, the middleware of this project, makes response headers from them |
| the handler | the part of the API that does the work, behind the middleware |
| a server written by hand | a server without a policy. It responds with the lines that are shown, whatever is requested |

<!-- Written by \`node tools/tutorial.mjs\` from demo-frontend/lessons/lessons.json. -->
`;

/** What a server may well have in the end. */
const POLICY = {
  allow_origins: ["https://app.example.com"],
  allow_methods: ["PUT", "DELETE"],
  allow_headers: ["authorization", "content-type"],
  expose_headers: ["etag"],
  allow_credentials: true,
  max_age: 600,
};

/**
 * @param {string} learned what was learned, as a list
 * @returns {string} the last page
 */
const ending = (learned) => `
## What you learned

${learned}
## Your policy

Put your own origins in place of \`https://app.example.com\`, and leave out what your pages don't need. With
\`actix-web-cors\` it is a table of a configuration file:

${block("toml", toml(toPolicy(POLICY)))}

or the same in code:

\`\`\`rust
${rust(toPolicy(POLICY))}
\`\`\`

Then \`.wrap(Cors::new(policy.clone()))\`, after every other \`.wrap()\`, so that it runs first. The middleware does the rest: it
responds to preflights, names one origin, writes \`Vary\`, and puts CORS headers on errors, too. Other servers need the same
decisions in their own words:

| setting | header | on which response |
|---|---|---|
| \`allow_origins\` | \`Access-Control-Allow-Origin\`, and \`Vary: Origin\` | preflight and every other |
| \`allow_credentials\` | \`Access-Control-Allow-Credentials\` | preflight and every other |
| \`allow_methods\` | \`Access-Control-Allow-Methods\` | preflight |
| \`allow_headers\` | \`Access-Control-Allow-Headers\` | preflight |
| \`max_age\` | \`Access-Control-Max-Age\` | preflight |
| \`expose_headers\` | \`Access-Control-Expose-Headers\` | every other |
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
  const learned = lessons.map(({ title, learned: sentence }, index) => {
    return `${index + 1}. ${sentence} ([${title}](#${anchor(`${index + 1}. ${title}`)}))\n`;
  });
  return `${INTRODUCTION}\n${contents.join("")}${lessons.map(section).join("")}${ending(learned.join(""))}`;
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
    hand,
    before = [],
    request,
    origins,
    engine,
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
    hand === undefined
      ? `The policy:\n\n${block("toml", toml(toPolicy(policy)))}`
      : `The server written by hand responds to ${hand.preflight ? "a preflight" : "every request"} with\n\n${block("http", http(hand.preflight ?? hand.response))}`,
    ...(hand?.preflight && hand.response
      ? [`and to every other request with\n\n${block("http", http(hand.response))}`]
      : []),
    ...before.map((earlier) => `Sent when the lesson begins:\n\n${script(earlier.request)}`),
    `The request:\n\n${script(request)}`,
    ...(origins === undefined ? [] : [table(origins)]),
    `**${question.text}**`,
    // The first one is true of the lesson's beginning, which a test sees to.
    `${engine ? `In ${ENGINE_NAMES[engine]}: ` : ""}${question.answer ? "Yes" : "No"}. ${because[0].text}`,
    `**Try it** ([open this lesson in the Lab](${CONFIG.page}/#lesson=${id})):`,
    goal.map(({ text: part }) => `- ${part}`).join("\n"),
    folded("A hint", hint),
    `**${learned}**`,
    ...after,
    `Read on: ${links.map(([name, url]) => `[${name}](${url})`).join(", ")}.`,
  ];
  return paragraphs.map((paragraph) => `\n${paragraph}\n`).join("");
}

/**
 * A response written by hand, as it goes over the network.
 *
 * @param {Partial<import("../demo-frontend/generated/types.js").HandResponse> | undefined} response
 */
function http({ status = 200, headers = [] } = {}) {
  return [`HTTP/1.1 ${status}`, ...headers.map(([name, value]) => `${name}: ${value}`)].join("\n");
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
 * A policy as code. The same test holds this against the page's.
 *
 * @param {import("../demo-frontend/app/control.js").PolicyConfig} policy
 */
function rust(policy) {
  const calls = Object.entries(policy).flatMap(([name, value]) => {
    if (Array.isArray(value))
      return value.length > 0 ? [`.${name}([${value.map((entry) => JSON.stringify(entry)).join(", ")}])`] : [];
    if (typeof value === "number") return [`.${name}(Duration::from_secs(${value}))`];
    return value ? [`.${name}()`] : [];
  });
  return ["let policy = Policy::builder()", ...calls.map((call) => `    ${call}`), "    .build()?;"].join("\n");
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
