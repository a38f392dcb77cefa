// The session follows its server: what is in force, what is refused, what to do when the session or the server is gone.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ControlError } from "../app/control.js";
import { createSession } from "../app/session.js";
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
  let wanted = noPolicy();
  const session = createSession(control, {
    onForce: async (shown, source) => void told.push(`in force (${source}): ${shown.config.allow_origins}`),
    onRefused: (problems) => told.push(`refused: ${problems.map(({ setting }) => setting)}`),
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
