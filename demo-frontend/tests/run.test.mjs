// From an edit to a prediction, and from *Send* to the verdict: what is asked, what is sent, what the rooms are shown.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ControlError } from "../app/control.js";
import { createRun } from "../app/run.js";
import { noPolicy, toRequest } from "../pure/state.js";
import { CONFIG, exchange, RUNS, response } from "./support.mjs";

const HOLDINGS = { notes: [{ id: 1, text: "a" }], visits: 0 };

/** A run whose surroundings note what it does with them. */
function lab(name, given = {}) {
  const { prediction, exchanges, observation } = RUNS[name];
  /** @type {string[]} */
  const told = [];
  /** @type {Record<string, any>} */
  const last = {};
  const note = (what, value) => {
    told.push(what);
    last[what] = value;
  };
  let isAsking = false;
  let holdings = HOLDINGS;
  let log = [];
  const control = {
    predict: async (_id, question) => {
      note(`predict${question.commit ? ", to be sent" : ""}`, question);
      return structuredClone(prediction);
    },
    readExchanges: async (_id, filter) => {
      note("log", filter);
      return log.filter((one) => filter === `run=${one.run}`);
    },
    readHoldings: async () => holdings,
    ...given.control,
  };
  const session = {
    config: CONFIG,
    id: "abc",
    source: "form",
    policy: noPolicy(),
    apply: async () => note("apply"),
    renew: async () => note("renew"),
    lost: () => note("lost"),
  };
  const run = createRun({
    control,
    session: Object.assign(session, given.session),
    engine: "chromium",
    send: async (config, id, request, name) => {
      note("send", { config, id, request, name });
      log = [...log, ...(exchanges ?? []).map((one, index) => ({ ...one, run: name, number: log.length + index + 1 }))];
      holdings = { ...HOLDINGS, visits: holdings.visits + 1 };
      await given.whileSending?.(run);
      return observation ?? response();
    },
    requests: {
      fill: (request) => note("fill", request),
      showCode: (_config, _id, request, prediction) => note("code", { request, prediction }),
      setReady: (canSend, why) => note(canSend ? "ready" : "not ready", why),
    },
    wire: {
      show: (story) => note(story.happened ? "happened" : "expected", story),
      clear: (text) => note("clear", text),
    },
    verdict: {
      stage: /** @type {any} */ ("the stage"),
      hide: () => note("hide"),
      expect: (prediction, wasFixed, why) => note("expect", { prediction, wasFixed, why }),
      waiting: () => note("waiting"),
      lose: (why) => note("lose", why),
      show: (sent, canFix) => note("verdict", { sent, canFix }),
    },
    settle: async () => note("settle"),
    onPredicted: (expected) => note("predicted only", expected),
    isAsking: () => isAsking,
    onChange: () => note("change"),
    onSent: (sent) => note("sent", sent),
  });
  return {
    run,
    told,
    last,
    ask: (asks) => {
      isAsking = asks;
    },
  };
}

test("an edit is predicted and shown, and nothing is sent", async () => {
  const { run, told, last } = lab("blocked");
  const request = toRequest({ method: "PUT" });
  run.begin(request);
  await run.refresh(false);
  assert.deepEqual(told, ["fill", "change", "predict", "code", "ready", "expect", "expected"]);
  assert.deepEqual(last.predict.request, request);
  assert.equal(last.predict.engine, "chromium");
  assert.deepEqual(last.expect, { prediction: RUNS.blocked.prediction, wasFixed: false, why: "" });
  assert.equal(last.expected.caption, "expected, not sent yet");
});

test("edits that come fast are predicted once", async () => {
  const { run, told } = lab("blocked");
  run.edit(toRequest({ method: "PUT" }));
  run.edit(toRequest({ method: "DELETE" }));
  await new Promise((resolve) => setTimeout(resolve, 250));
  assert.equal(told.filter((what) => what === "predict").length, 1);
  assert.equal(run.request.method, "DELETE");
});

test("a prediction that comes late is another moment's, and is not shown", async () => {
  const late = [];
  const predict = (_id, { request }) =>
    new Promise((resolve) => late.push(() => resolve({ ...RUNS.blocked.prediction, of: request })));
  const { run, last, told } = lab("blocked", { control: { predict } });
  run.begin(toRequest({ path: "first" }));
  const first = run.refresh(false);
  run.begin(toRequest({ path: "second" }));
  const second = run.refresh(false);
  late[1]();
  await second;
  late[0]();
  await first;
  assert.equal(last.expect.prediction.of.path, "second");
  assert.equal(told.filter((what) => what === "expect").length, 1);
});

test("before a lesson's question is answered nothing is shown, and nothing can be sent", async () => {
  const { run, told, last, ask } = lab("blocked");
  ask(true);
  await run.refresh(false);
  await run.send();
  assert.deepEqual(told, ["change", "predict", "code", "hide", "clear", "not ready"]);
  assert.match(last.clear, /^Answer the lesson’s question first\./);
  ask(false);
  await run.refresh(false);
  assert.ok(told.includes("expect"));
});

test("what can only be predicted is not sent, and nothing of it is said to have reached the API", async () => {
  for (const [name, allowed] of [
    ["blocked", false],
    ["allowed", true],
  ]) {
    const { run, told, last } = lab(/** @type {string} */ (name));
    run.begin(toRequest({ page_address_space: "public" }));
    await run.refresh(false);
    assert.equal(await run.send(), false);
    assert.ok(!told.includes("send"));
    const expected = last["predicted only"];
    assert.deepEqual([expected.observation.allowed, expected.exchanges, expected.after], [allowed, [], null], name);
    assert.equal(expected.request.page_address_space, "public");
  }
  const { run, told } = lab("blocked");
  await run.refresh(false);
  assert.ok(!told.includes("predicted only"), "what can be sent is not judged by its prediction");
});

test("a request is sent as it is shown, and compared with what was predicted", async () => {
  const { run, told, last } = lab("preflight granted");
  const request = toRequest({ method: "PUT", path: "notes/1" });
  run.begin(request);
  told.length = 0;
  await run.send();
  assert.deepEqual(told, [
    "not ready",
    "settle",
    "waiting",
    "predict, to be sent",
    "code",
    "expected",
    "send",
    "log",
    "happened",
    "verdict",
    "sent",
    "ready",
  ]);
  const { name, ...sent } = last.send;
  assert.deepEqual(sent, { config: CONFIG, id: "abc", request });
  assert.equal(last["predict, to be sent"].run, name);
  assert.equal(last.log, `run=${name}`);
  const { sent: all, canFix } = last.verdict;
  assert.equal(canFix, true);
  assert.equal(all.run, name);
  assert.deepEqual(all.request, request);
  assert.deepEqual(all.observation, RUNS["preflight granted"].observation);
  assert.deepEqual(all.prediction, RUNS["preflight granted"].prediction);
  assert.equal(all.exchanges.length, 2);
  assert.deepEqual([all.before.visits, all.after.visits], [0, 1]);
  assert.equal(last.sent, all);
  assert.equal(last.happened.steps.length, 6);
});

test("each sending has a run of its own, unless its URL is to stay the same", async () => {
  const { run, last } = lab("allowed");
  await run.send();
  const first = last.send.name;
  await run.send();
  assert.notEqual(last.send.name, first);

  run.begin(toRequest({ same_url: true }));
  await run.send();
  const same = last.send.name;
  await run.send();
  assert.equal(last.send.name, same);
  assert.equal(last.verdict.sent.exchanges.length, 1, "what came before in the same run is not shown again");
});

test("the log is asked again until it has all", async () => {
  let asked = 0;
  const readExchanges = async () => {
    asked += 1;
    return asked < 3 ? [exchange({ status: null })] : [exchange()];
  };
  const { run, last } = lab("allowed", { control: { readExchanges } });
  await run.send();
  assert.equal(asked, 3);
  assert.equal(last.verdict.sent.exchanges[0].status, 200);
});

test("an edit while a request is on its way is shown once it is back", async () => {
  const { run, told, last } = lab("blocked", { whileSending: (one) => one.edit(toRequest({ path: "session" })) });
  run.begin(toRequest({}));
  await run.send();
  assert.deepEqual(told.slice(-5), ["predict", "code", "ready", "expect", "expected"]);
  assert.equal(last.predict.request.path, "session");
  assert.equal(last.verdict.sent.request.path, "notes");
});

test("what the server refuses to predict has no prediction; a lost session is renewed; a lost server is waited for", async () => {
  for (const [error, wanted] of [
    [new ControlError("no", 422, []), ["change", "code", "ready", "expect", "clear"]],
    [new ControlError("gone", 404, []), ["change", "renew"]],
    [new TypeError("Failed to fetch"), ["change", "lost", "code", "ready", "expect", "clear"]],
  ]) {
    const { run, told, last } = lab("blocked", { control: { predict: () => Promise.reject(error) } });
    await run.refresh(false);
    assert.deepEqual(told, wanted, error.message);
    if (told.includes("expect")) assert.equal(last.expect.prediction, null);
    if (error.status === 422) assert.equal(last.expect.why, "no");
  }
});

test("when the server stops, nothing says that a request is on its way, and it can be tried again", async () => {
  const gone = () => Promise.reject(new TypeError("gone"));
  for (const control of [
    { readExchanges: gone },
    { readExchanges: gone, readHoldings: gone },
    { readExchanges: gone, readHoldings: gone, predict: gone },
    { readExchanges: () => Promise.reject(new ControlError("it failed", 500, [])) },
  ]) {
    const { run, told, last } = lab("blocked", { control });
    await run.send();
    assert.deepEqual(told.slice(-4), ["lose", "clear", "lost", "ready"], Object.keys(control).join());
    assert.match(last.lose, /not known/);
    assert.match(last.clear, /not known/, "no diagram of an earlier request is left");
    assert.ok(!told.includes("verdict"));
  }
});

test("while a request is on its way, nothing is drawn that happened to an earlier one", async () => {
  let drawn = "";
  const { run, last, told } = lab("allowed", {
    whileSending: () => {
      drawn = told.findLast((what) => ["happened", "expected", "clear"].includes(what)) ?? "";
    },
  });
  await run.send();
  assert.equal(last.happened.happened, true);
  await run.send();
  assert.equal(drawn, "expected");
});

test("what is not predicted has its reason, and no claim about what the log can’t show", async () => {
  const predict = () => Promise.reject(new ControlError("the path is odd", 422, []));
  for (const [path, hasLog] of [
    ["notes", true],
    ["nötes/😀", true],
    ["notes/../notes", true],
    ["../../control/config", false],
    ["../../../api/notes", false],
    ["../../../s/other123/api/notes", false],
    ["%2e%2e/%2e%2e/x", false],
    ["notes?x=1", false],
    ["notes#x", false],
  ]) {
    const { run, last } = lab("allowed", { control: { predict } });
    run.begin(toRequest({ path }));
    await run.send();
    const { sent } = last.verdict;
    assert.deepEqual([sent.prediction, sent.unpredicted, sent.isLogged], [null, "the path is odd", hasLog], path);
  }
});

test("with the file's policy no fix can be applied, and no policy is put", async () => {
  const readHoldings = async () => Promise.reject(new ControlError("gone", 404, []));
  const file = lab("blocked", { session: { source: "file" }, control: { readHoldings } });
  await file.run.send();
  assert.equal(file.last.verdict.canFix, false);
  assert.ok(!file.told.includes("apply"));
  const form = lab("blocked", { control: { readHoldings } });
  await form.run.send();
  assert.ok(form.told.includes("apply"), "a session that is gone is renewed first");
});

test("what a lesson sends when it begins is not shown, and comes back with what the API saw of it", async () => {
  const { run, told, last } = lab("blocked");
  const requests = [{ path: "session" }, { mode: "no-cors" }];
  const sent = await run.sendBefore(requests, /** @type {any} */ ("behind the scenes"));
  const each = ["predict, to be sent", "send", "log"];
  assert.deepEqual(
    told.filter((what) => each.includes(what)),
    [...each, ...each],
  );
  assert.deepEqual(
    sent.map(({ run: name, request, exchanges }) => [exchanges.map((one) => one.run === name), request.mode]),
    [
      [[true], "cors"],
      [[true], "no-cors"],
    ],
  );
  assert.notEqual(sent[0].run, sent[1].run);
  assert.ok(!told.includes("verdict"));
  assert.equal(last.send.request.mode, "no-cors");
});
