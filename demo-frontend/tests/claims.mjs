// Finds sentences in a lesson that may be untrue. A text that is shown whatever happened may tell rules, and what the lesson
// begins with; that something happened, only a sentence with a condition may say, and no more than the condition shows.

/** Words by which a text tells of something that happened, or of how things stand now. */
const TELLS = [
  /\b(was|were|did|didn’t|didn't|had|hadn’t|has been|have been|wasn’t|weren’t)\b/i,
  /\b(sent|ran|came|went|arrived|reached|responded|blocked|withheld|gave|got|carried|added|saw|stopped) (it|them|your|the|a|this|with|without|by|back)\b/i,
  /\b(ran|came|went|arrived|responded)[.,;]/i,
  /\b(a moment ago|just now|already|again|anymore|any more|now)\b/i,
  /\b(the|this|its|your|API’s) (policy|request|response) (is|has|allows|names|says|carries|lists)\b/i,
  /\byou(’ve|'ve| have)\b/i,
];

/** What these words say, in texts that are shown whatever happened, although one of the above matches. */
const RULES = [
  /“[^”]*”/g,
  /https?:\/\/[^\s`]*/g,
  /^Now from the other side\b/,
  /\bwhatever the policy says\b/i,
  // Of parts of a goal, which tell what to do.
  /\bsend again\b|\band again\b|\bapply again\b|\btry again\b/gi,
  /\b(may|must|can|can't|cannot|could|to|will|be|is|are|been|be) (never )?(read|sent|blocked|withheld|carried out|reached|added)\b/gi,
];

/**
 * Words in a sentence about a run, and the conditions of which one must be there.
 *
 * @type {[RegExp, string[]][]}
 */
const SHOWN_BY = [
  [/\bpreflights?\b/i, ["preflights", "preflight_sent", "preflight_got", "preflight_status"]],
  [/\bhandler\b/i, ["handler_ran"]],
  [/\bcookies?\b/i, ["sent.cookie", "got.set-cookie"]],
  [/\bcache\b/i, ["cache"]],
  [/\bnote (is|was)|added (the|a) note|money|account has|account is\b/i, ["changed"]],
  [/\brefused\b/i, ["refused"]],
  [
    /\b(script|page|browser) (could )?read (it|the|them|status)|could (also )?read|has the notes\b/i,
    ["outcome", "readable", "status"],
  ],
  [/\b(blocked|withheld|kept it from|got nothing|an error|a `TypeError`)/i, ["outcome"]],
  [/\bnever sent\b/i, ["requests"]],
  [/\bpolicy in force (allows|lists|decides)\b/i, ["origins", "allows", "policy_has"]],
];

/** Headers that a sentence may name for the rule's sake. */
const OF_RULES = ["response.headers.get"];

/**
 * @param {import("../pure/lessons.js").Lesson} lesson
 * @returns {string[]} complaints, each beginning with where
 */
export function unfounded(lesson) {
  const always = /** @type {[string, string][]} */ ([
    ...lesson.text.map((text) => ["text", text]),
    ["question", lesson.question.text],
    ["hint", lesson.hint],
    ["learned", lesson.learned],
    ...lesson.after.map((text) => ["after", text]),
    ...lesson.goal.map(({ text }) => ["goal", text]),
  ]);
  const facts = /** @type {[string, import("../pure/goal.js").Fact][]} */ ([
    ...lesson.because.map((fact) => ["because", fact]),
    ...(lesson.before ?? []).flatMap(({ said }) => said.map((fact) => ["before", fact])),
    ...lesson.goal.flatMap(({ check, shows }) => (shows === undefined ? [] : [["goal", { when: check, text: shows }]])),
  ]);
  return [
    ...always.flatMap(([where, text]) => told(text).map((found) => `${where}: “${found}” in “${text}”`)),
    ...facts.flatMap(([where, fact]) => unshown(fact).map((found) => `${where}: “${found}” in “${fact.text}”`)),
  ];
}

/**
 * @param {string} text
 * @returns {string[]} what tells of something that happened
 */
function told(text) {
  const rest = RULES.reduce((left, rule) => left.replace(rule, "…"), text);
  return TELLS.flatMap((words) => rest.match(words)?.[0] ?? []);
}

/**
 * @param {import("../pure/goal.js").Fact} fact
 * @returns {string[]} what its condition doesn't show
 */
function unshown({ when, text }) {
  const conditions = Object.entries(when).flatMap(([name, value]) => [
    name,
    ...namesIn(value).map((key) => `${name}.${key}`),
  ]);
  const has = (/** @type {string} */ condition) => conditions.includes(condition);
  const sides = ["sent", "got", "preflight_sent", "preflight_got", "readable", "unreadable"];
  const named = [...text.matchAll(/`([A-Z][A-Za-z]*(?:-[A-Z][A-Za-z]*)*)(?:: ([^`]*))?`/g)];
  const headers = named.filter(([, name]) => /-|^(Origin|Vary|Authorization|Cookie|ETag|Location)$/.test(name));
  const statuses = [...text.replaceAll(/https?:\/\/[^\s`]*/g, "…").matchAll(/\b([1-5]\d\d)\b/g)].map(([, status]) =>
    Number(status),
  );
  return [
    ...(Object.keys(when).length === 0 ? [text] : []),
    ...SHOWN_BY.flatMap(([words, by]) => (by.some(has) ? [] : (text.match(words)?.[0] ?? []))),
    ...headers
      .filter(([, name]) => !OF_RULES.includes(name))
      .filter(([, name]) => !sides.some((side) => has(`${side}.${name.toLowerCase()}`)))
      .map(([whole]) => whole),
    ...statuses.filter((status) => ![when.status, when.api_status, when.preflight_status].includes(status)).map(String),
  ];
}

/**
 * @param {unknown} value of a condition
 * @returns {string[]} what it names
 */
function namesIn(value) {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === "object" && value !== null ? Object.keys(value) : [];
}
