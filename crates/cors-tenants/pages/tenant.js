// A tenant's page: sign in, register and revoke origins, read the audit log. Its address ends in a slash, and all requests are
// relative to it: so it is the same below /t/NAME/ and on a host of the tenant's own.

import { onSubmit, RequestError, send } from "./request.js";

const name = location.pathname.match(/^\/t\/([^/]+)\//)?.[1] ?? location.hostname.split(".")[0];
/** What changes carry, from the session. */
let csrf = "";
/** Where the audit log goes on, if it does. @type {number | null} */
let next = null;

document.title = `${name} · Tenants`;
element("tenant").textContent = name;
const notes = new URL("api/notes", location.href).href;
element("api").textContent = new URL("api/", location.href).href;
element("code").textContent = `const response = await fetch("${notes}", { credentials: "include" });
await response.json();

// On another site than this one the browser sends no cookie. There, sign in for a token:
const { token } = await (await fetch("${new URL("api/token", location.href).href}", {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ account: "…", password: "…" }),
})).json();
await (await fetch("${notes}", { headers: { Authorization: \`Bearer \${token}\` } })).json();`;

onSubmit(form("credentials"), async ({ account, password }) => {
  const session = await send("POST", "manage/session", { body: { account, password } });
  form("credentials").reset();
  await open(session);
  return undefined;
});

onSubmit(form("register"), async ({ origin }) => {
  await guarded(() => send("POST", "manage/origins", { body: { origin: origin.trim() }, csrf }));
  form("register").reset();
  await show();
  return `${origin.trim()} is registered.`;
});

element("sign-out").addEventListener("click", () =>
  attempt(async () => {
    await guarded(() => send("DELETE", "manage/session", { csrf }));
    close();
  }),
);

element("older").addEventListener("click", () => attempt(showOlder));

attempt(async () => {
  try {
    await open(await send("GET", "manage/session"));
  } catch (error) {
    if (!(error instanceof RequestError) || error.status !== 401) throw error;
    close();
  }
});

/** @param {{ account: string, csrf: string }} session */
async function open(session) {
  csrf = session.csrf;
  element("account").textContent = session.account;
  await show();
  toggle(true);
}

function close() {
  csrf = "";
  toggle(false);
  element("origins").replaceChildren();
  element("audit").replaceChildren();
}

/** @param {boolean} isSignedIn */
function toggle(isSignedIn) {
  element("sign-in").hidden = isSignedIn;
  element("signed-in").hidden = !isSignedIn;
  element("who").hidden = !isSignedIn;
}

async function show() {
  const [{ origins, max_stale: maxStale, at_most: atMost }, audit] = await guarded(() =>
    Promise.all([send("GET", "manage/origins"), send("GET", "manage/audit")]),
  );
  element("none").hidden = origins.length > 0;
  element("origins").replaceChildren(...origins.map(originRow));
  element("bound").textContent =
    `A tenant has at most ${atMost} origins. Every instance knows of a change within ${maxStale} s, usually at once. ` +
    `After a revocation, browsers may skip the preflight for another ${maxStale} s; the request then gets a 403.`;
  element("audit").replaceChildren(...audit.entries.map(auditRow));
  continueAt(audit.next);
}

async function showOlder() {
  const audit = await guarded(() => send("GET", `manage/audit?before=${next}`));
  element("audit").append(...audit.entries.map(auditRow));
  continueAt(audit.next);
}

/** @param {number | null} version */
function continueAt(version) {
  next = version;
  element("older").hidden = version === null;
}

/** @param {string} origin */
function originRow(origin) {
  const row = document.createElement("li");
  const code = document.createElement("code");
  code.textContent = origin;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  button.textContent = "Revoke";
  button.setAttribute("aria-label", `Revoke ${origin}`);
  button.addEventListener("click", () =>
    attempt(async () => {
      button.disabled = true;
      try {
        await guarded(() => send("DELETE", `manage/origins?origin=${encodeURIComponent(origin)}`, { csrf }));
        await show();
      } finally {
        button.disabled = false;
      }
    }),
  );
  row.append(code, button);
  return row;
}

const WORDS = new Map([
  ["create", "made the tenant"],
  ["register", "registered"],
  ["revoke", "revoked"],
  ["remove", "removed the tenant"],
]);

/** @param {{ at: number, who: string, what: string, origin: string | null, instance: string }} entry */
function auditRow(entry) {
  const row = document.createElement("tr");
  const time = document.createElement("time");
  const at = new Date(entry.at * 1000);
  time.dateTime = at.toISOString();
  time.textContent = at.toLocaleString();
  const what = [WORDS.get(entry.what) ?? entry.what];
  if (entry.origin !== null) what.push(entry.origin);
  for (const content of [time, entry.who, what.join(" "), entry.instance]) {
    const cell = document.createElement("td");
    cell.append(content);
    row.append(cell);
  }
  return row;
}

/**
 * Signs out where the session has ended.
 *
 * @template T
 * @param {() => Promise<T>} run
 */
async function guarded(run) {
  try {
    return await run();
  } catch (error) {
    if (error instanceof RequestError && error.status === 401) close();
    throw error;
  }
}

/**
 * Says what goes wrong at the top of the page.
 *
 * @param {() => Promise<void>} run
 */
async function attempt(run) {
  const problem = element("problem");
  problem.hidden = true;
  try {
    await run();
  } catch (error) {
    problem.textContent = error instanceof Error ? error.message : String(error);
    problem.hidden = false;
  }
}

/** @param {string} id */
function element(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** @param {string} id */
function form(id) {
  return /** @type {HTMLFormElement} */ (document.getElementById(id));
}
