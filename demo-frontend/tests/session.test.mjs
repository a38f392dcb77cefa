// The session follows its server: what is in force, what is refused, what to do when the session or the server is gone.

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { ControlError } from "../app/control.js";
import { createSession } from "../app/session.js";
import { MOST_OF_A_POLICY } from "../generated/constants.js";
import { noPolicy, toHand, toPolicy } from "../pure/state.js";
import { CONFIG } from "./support.mjs";

const HAND_PROBLEM = { part: "response", field: "headers", line: 0, message: "no" };
const PROBLEM = { setting: "allow_origins", index: 0, value: "x", message: "no", suggestions: [] };

/** A server with sessions, and a session that notes what its hooks are told. */
function lab(given = {}) {
  /** @type {string[]} */
  const told = [];
  const policies = new Map([["default", { policy: noPolicy(), generation: 1 }]]);
  let isUp = true;
  const view = ({ policy, generation, problem = null }) => ({
    config: policy,
    generation,
    file: { name: "cors.toml", problem },
  });
  const find = (id) => {
    if (!isUp) throw new TypeError("Failed to fetch");
    const found = policies.get(id);
    if (!found) throw new ControlError("no such session", 404, []);
    return found;
  };
  const control = {
    readConfig: async () => {
      find("default");
      return CONFIG;
    },
    newSession: async () => {
      find("default");
      const id = `s${policies.size}`;
      policies.set(id, { policy: noPolicy(), generation: 1 });
      return id;
    },
    readPolicy: async (id) => view(find(id)),
    putPolicy: async (id, policy) => {
      const found = find(id);
      if (policy.allow_origins.includes("x")) throw new ControlError("refused", 422, [PROBLEM]);
      Object.assign(found, { policy, generation: found.generation + 1 });
      return view(found);
    },
  };
  /** The servers written by hand, by session. */
  const hands = new Map();
  control.putHand = async (id, hand) => {
    find(id);
    if (hand.response.status === 304) throw new ControlError("refused", 422, [HAND_PROBLEM]);
    hands.set(id, hand);
    return hand;
  };
  const calls = { readConfig: 0, newSession: 0, readPolicy: 0, putPolicy: 0 };
  for (const name of Object.keys(calls)) {
    const answer = control[name];
    control[name] = (...given) => {
      calls[name] += 1;
      return answer(...given);
    };
  }
  let wanted = noPolicy();
  /** All that was said of refusals. */
  const problems = Object.assign([], { isByRule: null });
  const session = createSession(control, {
    onForce: async (shown, source) => void told.push(`in force (${source}): ${shown.config.allow_origins}`),
    onRefused: (found, isByRule) => {
      problems.push(...found);
      problems.isByRule = isByRule;
      told.push(`refused: ${found.map(({ setting }) => setting)}`);
    },
    onHand: async (hand) => {
      if (hand.response.status !== 200) told.push(`by hand: ${hand.response.status}`);
    },
    onHandRefused: (problems) => told.push(`refused by hand: ${problems.map(({ part }) => part)}`),
    onRenewed: () => told.push("renewed"),
    onServer: (isDown) => told.push(isDown ? "down" : "up"),
    wanted: () => wanted,
    isWatched: () => true,
    ...given,
  });
  return {
    session,
    told,
    policies,
    control,
    calls,
    problems,
    hands,
    stop: () => {
      isUp = false;
    },
    start: () => {
      isUp = true;
    },
    want: (policy) => {
      wanted = policy;
    },
  };
}

const OPEN = toPolicy({ allow_origins: ["https://a.example"] });
const BAD = toPolicy({ allow_origins: ["x"] });
const NO_HAND = toHand({});
const HAND = toHand({ response: { status: 500 } });
const BAD_HAND = toHand({ response: { status: 304 } });

test("a policy is put in force in a session of its own", async () => {
  const { session, told, policies } = lab();
  await session.reach();
  assert.deepEqual(session.config, CONFIG);
  await session.enter(OPEN, NO_HAND, "form");
  assert.equal(session.id, "s1");
  assert.deepEqual(session.policy, OPEN);
  assert.deepEqual(policies.get("s1").policy, OPEN);
  assert.deepEqual(told, ["up", "in force (form): https://a.example"]);
  await session.enter(OPEN, NO_HAND, "form");
  assert.equal(session.id, "s2", "each beginning has another session");
});

test("what is refused is said, and the policy before stays in force", async () => {
  const { session, told } = lab();
  await session.enter(OPEN, NO_HAND, "form");
  assert.equal(await session.apply(BAD), false);
  assert.deepEqual(session.policy, OPEN);
  assert.equal(await session.apply(noPolicy()), true);
  assert.deepEqual(told, ["in force (form): https://a.example", "refused: allow_origins", "in force (form): "]);
});

test("a link's policy that is refused leaves the policy that allows nothing in force, and is said last", async () => {
  const { session, told } = lab();
  await session.enter(BAD, NO_HAND, "form");
  assert.deepEqual(session.policy, noPolicy());
  assert.deepEqual(told, ["refused: allow_origins", "in force (form): ", "refused: allow_origins"]);
});

test("a session that has ended is replaced, and the policy applied to the new one", async () => {
  const { session, told, policies } = lab();
  await session.enter(noPolicy(), NO_HAND, "form");
  policies.delete("s1");
  policies.set("other", { policy: noPolicy(), generation: 1 });
  assert.equal(await session.apply(OPEN), true);
  assert.equal(session.id, "s2");
  assert.deepEqual(policies.get("s2").policy, OPEN);
  assert.deepEqual(told, ["in force (form): ", "renewed", "in force (form): https://a.example"]);
});

test("a server that is gone is waited for, and what the reader wants by then is applied", async () => {
  const { session, told, stop, start, want } = lab();
  await session.enter(noPolicy(), NO_HAND, "form");
  stop();
  assert.equal(await session.apply(BAD), false);
  want(OPEN);
  start();
  for (const end = Date.now() + 5000; !told.includes("up") && Date.now() < end; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(session.policy, OPEN);
  assert.deepEqual(told, ["in force (form): ", "down", "up", "in force (form): https://a.example"]);
});

test("the file's policy is followed, and the form's is not applied meanwhile", async () => {
  const { session, told, policies } = lab();
  await session.enter(noPolicy(), NO_HAND, "file");
  assert.equal(session.id, "default");
  assert.equal(await session.apply(OPEN), true);
  assert.deepEqual(policies.get("default").policy, noPolicy());
  policies.set("default", { policy: OPEN, generation: 2 });
  for (const end = Date.now() + 5000; told.length < 2 && Date.now() < end; ) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.deepEqual(told, ["in force (file): ", "in force (file): https://a.example"]);
  await session.enter(noPolicy(), NO_HAND, "form");
  assert.equal(session.source, "form");
});

const many = (length, of = (n) => `https://a${n}.example`) => Array.from({ length }, (_, n) => of(n));

test("a policy that is more than the Lab keeps is said at its field, and never sent", async () => {
  const { entries, bytes } = MOST_OF_A_POLICY;
  const rows = [
    ["one entry too many", { allow_origins: many(entries + 1) }, "allow_origins"],
    ["many thousand entries, as in a crafted link", { allow_origins: many(50_000) }, "allow_origins"],
    [
      "one entry too many, in the last list",
      { allow_origins: many(entries), expose_headers: ["etag"] },
      "expose_headers",
    ],
    [
      "one entry too many, of those that need an opt-in",
      { danger_allow_origins: many(entries + 1) },
      "danger_allow_origins",
    ],
    ["one byte too many", { allow_headers: ["x".repeat(bytes + 1)] }, "allow_headers"],
    ["one byte too many together", { allow_methods: ["X".repeat(bytes)], allow_headers: ["y"] }, "allow_headers"],
    ["letters of several bytes", { allow_origins: ["é".repeat(bytes / 2 + 1)] }, "allow_origins"],
    ["a megabyte", { allow_origins: ["x".repeat(1 << 20)] }, "allow_origins"],
  ];
  for (const [name, given, setting] of rows) {
    const { session, told, calls, problems } = lab();
    await session.enter(toPolicy(given), NO_HAND, "form");
    await session.apply(toPolicy(given));
    assert.equal(calls.putPolicy, 0, `${name}: it is not sent`);
    assert.equal(told.at(-1), `refused: ${setting}`, name);
    assert.match(
      problems.at(-1).message,
      /at most 64 entries and 2048 bytes.* This one has \d+ entries and \d+ bytes/,
      name,
    );
    assert.equal(problems.isByRule, false, `${name}: no rule of policies refused it`);
    assert.equal(await session.apply(OPEN), true, `${name}: a shorter one is applied`);
  }
  for (const given of [{ allow_origins: many(entries, () => "x") }, { allow_headers: ["x".repeat(bytes)] }]) {
    const { session, calls } = lab();
    await session.enter(noPolicy(), NO_HAND, "form");
    await session.apply(toPolicy(given));
    assert.equal(calls.putPolicy, 2, "as much as may be is sent");
  }
});

test("what the server refuses is said, and not sent again", async () => {
  for (const status of [400, 401, 403, 408, 409, 411, 413, 414, 415, 421, 422, 429, 431, 500, 501, 505]) {
    for (const fails of ["putPolicy", "newSession", "readPolicy"]) {
      await overMinutes(async (minutes) => {
        const { session, calls, problems, control } = lab();
        control[fails] = async () => {
          calls[fails] += 1;
          throw new ControlError(`the reason for ${status}`, status, []);
        };
        const source = fails === "readPolicy" ? "file" : "form";
        session.enter(OPEN, NO_HAND, source);
        await minutes(10);
        const name = `${status} from ${fails}: ${JSON.stringify(calls)}`;
        assert.match(problems.at(-1).message, new RegExp(`the reason for ${status}`), name);
        assert.equal(problems.at(-1).setting, "allow_origins", `${name}: it is shown at a field`);
        // The file is read once a second, as always; the same refusal is said once.
        if (source === "file") assert.ok(calls.readPolicy <= 601 && problems.length === 1, name);
        else assert.equal(calls[fails], 1, name);
        assert.equal(calls.readConfig, 0, `${name}: the server is there`);
        await session.enter(noPolicy(), NO_HAND, "form");
      });
    }
  }
});

test("whatever fails again and again is tried a few times, with pauses, and then no more", async () => {
  const gone = () => new ControlError("no such session; make a new one", 404, []);
  const broken = () => new TypeError("Failed to fetch");
  const late = () => new DOMException("signal timed out", "TimeoutError");
  const inFront = () => new ControlError("502", 502, []);
  const rows = [
    ["putPolicy", gone],
    ["putPolicy", broken],
    ["putPolicy", late],
    ["putPolicy", inFront],
    ["newSession", broken],
    ["newSession", inFront],
    ["readPolicy", broken],
  ];
  for (const [fails, error] of rows) {
    await overMinutes(async (minutes) => {
      const { session, calls, control, problems } = lab();
      const works = control[fails];
      control[fails] = async () => {
        calls[fails] += 1;
        throw error();
      };
      const source = fails === "readPolicy" ? "file" : "form";
      session.enter(OPEN, NO_HAND, source);
      await minutes(10);
      const name = `${fails}, ${error()}: ${JSON.stringify(calls)}`;
      const all = Object.values(calls).reduce((sum, count) => sum + count, 0);
      if (source === "file") {
        assert.ok(all <= 1300, name);
      } else {
        assert.ok(all <= 30, name);
        assert.match(problems.at(-1).message, /again and again/, name);
        await minutes(60);
        const later = Object.values(calls).reduce((sum, count) => sum + count, 0);
        assert.equal(later, all, `${name}: it has stopped`);
        // Until the reader does something.
        control[fails] = works;
        await session.enter(OPEN, NO_HAND, "form");
        assert.deepEqual(session.policy, OPEN, name);
      }
      // Reads the file no more.
      control[fails] = works;
      await session.enter(noPolicy(), NO_HAND, "form");
    });
  }
});

test("a page that can't show what is in force does not send it for ever", async () => {
  await overMinutes(async (minutes) => {
    const { session, calls } = lab({
      onForce: async () => {
        throw new TypeError("undefined is not a function");
      },
    });
    session.enter(OPEN, NO_HAND, "form");
    await minutes(10);
    const all = Object.values(calls).reduce((sum, count) => sum + count, 0);
    assert.ok(all <= 30, JSON.stringify(calls));
  });
});

test("a prediction that finds no session, although there is one, does not make sessions for ever", async () => {
  await overMinutes(async (minutes) => {
    let session;
    const parts = lab({ onForce: () => session.renew(OPEN) });
    session = parts.session;
    session.enter(OPEN, NO_HAND, "form");
    await minutes(10);
    assert.ok(parts.calls.newSession <= 10, JSON.stringify(parts.calls));
  });
});

test("a server that is gone for hours is looked for now and then, and found", async () => {
  await overMinutes(async (minutes) => {
    const { session, told, calls, stop, start, want } = lab();
    await session.enter(noPolicy(), NO_HAND, "form");
    stop();
    want(OPEN);
    session.apply(OPEN);
    await minutes(60);
    assert.ok(calls.readConfig > 60 && calls.readConfig <= 12 * 60 + 3, JSON.stringify(calls));
    assert.equal(calls.putPolicy, 2, "nothing else is sent meanwhile");
    start();
    await minutes(1);
    assert.deepEqual(session.policy, OPEN);
    assert.equal(told.filter((line) => line === "up").length, 1);
  });
});

/**
 * With a clock that runs as fast as it is told to.
 *
 * @param {(minutes: (count: number) => Promise<void>) => Promise<void>} act
 */
async function overMinutes(act) {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  try {
    await act(async (count) => {
      for (let half = 0; half < count * 120; half += 1) {
        await settle();
        mock.timers.tick(500);
      }
      await settle();
    });
  } finally {
    mock.timers.reset();
  }
}
test("a server written by hand is put in force with the session, and again with the one that replaces it", async () => {
  const { session, told, policies, hands } = lab();
  await session.enter(OPEN, HAND, "form");
  assert.deepEqual([session.hand, hands.get("s1")], [HAND, HAND]);
  policies.delete("s1");
  policies.set("other", { policy: noPolicy(), generation: 1 });
  assert.equal(await session.apply(noPolicy()), true);
  assert.deepEqual([session.id, session.hand, hands.get("s2")], ["s2", HAND, HAND]);
  assert.deepEqual(told, ["by hand: 500", "in force (form): https://a.example", "renewed", "in force (form): "]);
  await session.enter(OPEN, NO_HAND, "form");
  assert.deepEqual(session.hand, NO_HAND);
});

test("a server written by hand that is refused is said, and the one before stays in force", async () => {
  const { session, told, hands } = lab();
  await session.enter(noPolicy(), HAND, "form");
  assert.equal(await session.applyHand(BAD_HAND), false);
  assert.deepEqual([session.hand, hands.get("s1")], [HAND, HAND]);
  assert.deepEqual(told, ["by hand: 500", "in force (form): ", "refused by hand: response"]);
});

test("a server is written by hand in the session that replaces one that has ended", async () => {
  const { session, policies, hands } = lab();
  await session.enter(OPEN, NO_HAND, "form");
  policies.delete("s1");
  policies.set("other", { policy: noPolicy(), generation: 1 });
  assert.equal(await session.applyHand(HAND), true);
  assert.deepEqual([session.hand, hands.get("s2"), policies.get("s2").policy], [HAND, HAND, OPEN]);
});

test("the file's session has no server written by hand", async () => {
  const { session, hands } = lab();
  await session.enter(noPolicy(), HAND, "file");
  assert.deepEqual([session.hand, hands.size], [NO_HAND, 0]);
  // It would poll the file for ever.
  await session.enter(noPolicy(), NO_HAND, "form");
});
