// The verdict's words are those of the prediction and the observation, and of nothing else.

import assert from "node:assert/strict";
import { test } from "node:test";

import { engineOf } from "../pure/engine.js";
import { headerRows, headerValue } from "../pure/headers.js";
import { toHand, toRequest } from "../pure/state.js";
import {
  agreementOf,
  consoleOf,
  effectsOf,
  fixOf,
  givenOf,
  noPrediction,
  observedBox,
  predictedBox,
  whyOf,
} from "../pure/verdict.js";
import {
  ALLOW_ORIGIN,
  allowed,
  blocked,
  CONFIG,
  exchange,
  failure,
  message,
  prediction,
  RUNS,
  response,
} from "./support.mjs";

/** A run as the verdict knows it. */
function sent(name, given = {}) {
  const { request, prediction, exchanges, observation } = RUNS[name];
  const known = { run: "r1", request, prediction, unpredicted: "", exchanges, observation, isLogged: true };
  return { ...known, before: null, after: null, ...given };
}

test("what is predicted, in a word and a few more", () => {
  for (const [verdict, wanted] of [
    [allowed(), { outcome: "readable", detail: "status 200" }],
    [allowed({ type: "opaque", status: 0 }), { outcome: "opaque", detail: "sent, nothing to read" }],
    [allowed({ type: "cors", status: 0 }), { outcome: "readable", detail: "cors" }],
    [blocked(), { outcome: "blocked", detail: "response withheld" }],
    [blocked({ step: "preflight" }), { outcome: "blocked", detail: "only the preflight is sent" }],
    [blocked({ step: "request" }), { outcome: "blocked", detail: "the call itself fails" }],
    [blocked({ step: "canvas" }), { outcome: "blocked", detail: "shown, but not read back" }],
    [blocked({ step: "something-new" }), { outcome: "blocked", detail: "something-new" }],
  ]) {
    assert.deepEqual(predictedBox(prediction(verdict)), wanted);
  }
  assert.deepEqual(predictedBox(null), { outcome: null, detail: "no prediction" });
});

test("what is observed, in a word and a few more", () => {
  for (const [observation, wanted] of [
    [response({ status: 201 }), { outcome: "readable", detail: "status 201" }],
    [response({ type: "opaqueredirect", status: 0 }), { outcome: "opaque", detail: "sent, nothing to read" }],
    [response({ type: "", status: null }), { outcome: "readable", detail: "it loaded" }],
    [failure("SecurityError"), { outcome: "blocked", detail: "SecurityError" }],
    [
      { ...failure(), error: null },
      { outcome: "blocked", detail: "an error" },
    ],
  ]) {
    assert.deepEqual(observedBox({ prediction: null, exchanges: [], observation }), wanted);
  }
});

test("where the browser stopped it is said only where the API saw as much as was predicted", () => {
  for (const [given, detail] of [
    [sent("blocked"), "TypeError: response withheld"],
    [sent("preflight refused"), "TypeError: only the preflight is sent"],
    [sent("blocked", { exchanges: [] }), "TypeError: nothing reached the API"],
    [sent("preflight refused", { exchanges: [] }), "TypeError: nothing reached the API"],
    [sent("allowed", { observation: failure() }), "TypeError"],
  ]) {
    assert.deepEqual(observedBox(given), { outcome: "blocked", detail });
  }
});

test("whether the two agree", () => {
  for (const [name, observation, agrees] of [
    ["blocked", failure(), true],
    ["allowed", response(), true],
    ["blocked", response(), false],
    ["allowed", failure(), false],
    ["opaque", response({ type: "opaque", status: 0 }), true],
    // Nothing was thrown in either, and one of them can be read.
    ["opaque", response(), false],
    ["allowed", response({ type: "opaque", status: 0 }), false],
  ]) {
    const agreement = agreementOf(sent(name, { observation }));
    assert.equal(agreement.agrees, agrees);
    assert.equal(agreement.words, agrees ? "as predicted" : "not as predicted");
    assert.equal(agreement.warning === null, agrees);
  }
  assert.equal(agreementOf(sent("without a prediction")), null);
});

test("why it is blocked is the cause that the server names, with what shows it and the rule", () => {
  const { verdict } = RUNS.blocked.prediction;
  assert.deepEqual(whyOf(sent("blocked")), {
    text: "The origin http://localhost:3000 is not among those that the server allows.",
    cause: "origin-not-listed",
    dangers: [],
    evidence: ["GET /api/notes: 200, no CORS header"],
    probes: [],
    notes: [],
    rule: "the response has no Access-Control-Allow-Origin header.",
    spec: verdict.spec,
  });
  assert.equal(whyOf(sent("without a prediction")), null);
});

test("why it is allowed is said with its grounds", () => {
  const reads = "The page’s script reads the response.";
  const names = "The response’s `Access-Control-Allow-Origin` names the page’s origin, `http://localhost:3000`.";
  for (const [name, text] of [
    ["allowed", `${reads} ${names} \`Access-Control-Allow-Credentials: true\` covers the cookie.`],
    [
      "preflight granted",
      `${reads} The browser sent a preflight first, and the response to it allowed the request. ${names}`,
    ],
    [
      "a preflight is remembered",
      `${reads} The browser remembered the response to an earlier preflight, and did not send another. ${names}`,
    ],
    ["an error as a response", `${reads} ${names} An error is a response like any other.`],
    ["opaque", reads],
  ]) {
    assert.equal(whyOf(sent(name)).text, text, name);
  }
  const star = sent("allowed", { exchanges: [exchange({ response_headers: [["Access-Control-Allow-Origin", "*"]] })] });
  assert.equal(
    whyOf(star).text,
    `${reads} The response says \`Access-Control-Allow-Origin: *\`: any origin may read it.`,
  );
});

test("the fix is what the server proposes, with a warning where it would let the attacker in", () => {
  const { fix } = RUNS.blocked.prediction.verdict;
  assert.deepEqual(fixOf(sent("blocked")), {
    title: "The fix",
    change: 'Add "http://localhost:3000" to allow_origins.',
    place: "policy",
    warning: null,
    patch: fix.patch,
    hand: null,
  });
  const attacked = fixOf(sent("blocked", { request: toRequest({ page: "attacker" }) }));
  assert.match(attacked.warning, /Here, blocked is the safe result\.$/);
  assert.deepEqual([attacked.title, attacked.patch], ["What would let it in", []], "not with one click");
  const elsewhere = { place: "page", change: "Request another path.", patch: [], hand: null };
  assert.deepEqual(fixOf(sent("blocked", { prediction: prediction(blocked({ fix: elsewhere })) })), {
    title: "The fix",
    change: "Request another path.",
    place: "page",
    warning: null,
    patch: [],
    hand: null,
  });
  const unsure = sent("blocked", { prediction: prediction(blocked({ certain: false, fix: elsewhere })) });
  assert.equal(fixOf(unsure).title, "The fix, if the first cause is right");
  const opaque = sent("opaque", { prediction: prediction(allowed({ type: "opaque", fix: elsewhere })) });
  assert.deepEqual([fixOf(opaque).title, fixOf(opaque).change], ["To read it", "Request another path."]);
  const byHand = { place: "server", change: "Compare.", patch: [], hand: toHand({}) };
  const dangers = ["A page of any site reads it."];
  const dangerous = {
    request: toRequest({ page: "attacker" }),
    prediction: prediction(allowed({ dangers, fix: byHand })),
  };
  const { title, warning, hand } = fixOf(sent("allowed", dangerous));
  assert.deepEqual([title, warning, hand], ["The fix", null, toHand({})], "it keeps the attacker out");
  assert.deepEqual(whyOf(sent("allowed", dangerous)).dangers, dangers);
  assert.equal(fixOf(sent("allowed")), null);
  assert.equal(fixOf(sent("without a prediction")), null);
});

test("the console's message is that of the reader's engine", () => {
  assert.deepEqual(consoleOf(sent("blocked"), "chromium"), {
    title: "What Chromium’s console says about it",
    message: "Access to fetch has been blocked",
  });
  assert.equal(consoleOf(sent("blocked"), "firefox").message, "Cross-Origin Request Blocked");
  assert.equal(consoleOf(sent("blocked"), "webkit"), null);
  assert.equal(consoleOf(sent("allowed"), "chromium"), null);
});

test("what the page's script was given", () => {
  const nothing = { error: null, status: null, headers: [], note: null, body: null };
  assert.deepEqual(givenOf(sent("blocked")), {
    ...nothing,
    error: "TypeError: Failed to fetch",
    note: "No status, no headers, no body, and no reason: only the console shows the reason.",
  });
  assert.deepEqual(givenOf(sent("allowed")), {
    ...nothing,
    status: "200",
    headers: [{ name: "content-type", value: "application/json", decides: false, dropped: false }],
    body: '{\n  "notes": []\n}',
  });
  assert.equal(givenOf(sent("opaque")).status, "0");
  assert.match(givenOf(sent("opaque")).note, /^An opaque response/);
  assert.equal(givenOf(sent("allowed", { observation: response({ body: "text" }) })).body, "text");
  const withheld = ["etag", "x-request-id", "Vary", "set-cookie", "access-control-allow-origin", "cdn-cache-control"];
  const kept = sent("allowed", { prediction: prediction(allowed({ withheld }), message()) });
  assert.equal(
    givenOf(kept).note,
    "The response also has `etag`, `x-request-id`, which the page’s script can’t read. To let it, list them under `expose_headers`.",
  );
});

test("what the API saw and did", () => {
  for (const [name, lines] of [
    ["blocked", ["GET /api/notes: ran the handler and responded with 200"]],
    [
      "preflight granted",
      [
        "OPTIONS /api/notes/1: responded to the preflight with 204",
        "PUT /api/notes/1: ran the handler and responded with 200",
      ],
    ],
    ["out of the cache", ["GET /api/notes: saw nothing: the cache responded"]],
    ["never sent", []],
  ]) {
    assert.deepEqual(
      effectsOf(sent(name)).lines.map(({ request, effect }) => `${request}: ${effect}`),
      lines,
      name,
    );
  }
  const early = exchange({ reached_handler: false, status: 401, target: "/s/abc/cached/api/guarded?a=1&run=r1&b=2" });
  assert.deepEqual(effectsOf(sent("blocked", { exchanges: [early] })).lines, [
    { request: "GET /cached/api/guarded?a=1&b=2", effect: "responded with 401 before any handler ran" },
  ]);
});

test("an exception’s message is the reason, unless it is what every failed fetch says", () => {
  const silent = /only the console shows the reason/;
  const told = /The message of the exception is the reason/;
  for (const [name, text, wanted] of [
    ["TypeError", "Failed to fetch", silent],
    ["TypeError", "NetworkError when attempting to fetch resource.", silent],
    ["TypeError", "Load failed", silent],
    ["NetworkError", "A network error occurred.", silent],
    ["Event", "the error event of the image", silent],
    ["NetworkError", "the error event of XMLHttpRequest, with status 0", silent],
    ["TypeError", "Failed to execute 'fetch' on 'Window': 'CONNECT' HTTP method is unsupported.", told],
    ["SecurityError", "Failed to execute 'getImageData': The canvas has been tainted by cross-origin data.", told],
    ["SecurityError", "The operation is insecure.", told],
    ["TypeError", "Window.fetch: Cannot convert value in record<ByteString, ByteString> branch to ByteString", told],
    ["SyntaxError", "Failed to execute 'setRequestHeader' on 'XMLHttpRequest': 'x y' is not a valid name.", told],
    ["TypeError", "HEAD or GET Request cannot have a body.", told],
    ["TimeoutError", "signal timed out", told],
  ]) {
    assert.match(givenOf(sent("blocked", { observation: failure(name, text) })).note, wanted, text);
  }
});

test("what the browser left out is among what is worth knowing", () => {
  const dropped = [{ name: "Cookie", why: "forbidden", sentence: "The browser left out `Cookie`." }];
  for (const verdict of [allowed(), blocked({ notes: ["One more thing."] })]) {
    const { notes } = whyOf(sent("blocked", { prediction: { ...prediction(verdict), dropped } }));
    assert.equal(notes.at(-1), "The browser left out `Cookie`.");
    assert.equal(notes.length, verdict.allowed ? 1 : 2);
  }
});

test("that the API saw nothing is said only where it is known, and says why", () => {
  const none = { exchanges: [], observation: failure() };
  for (const [given, wanted] of [
    [{ prediction: prediction(blocked({ step: "request" })) }, "It saw nothing: the request was not sent."],
    [{ prediction: prediction(allowed(), message()) }, "It saw nothing: no request reached it."],
    [{ prediction: null }, "It saw nothing: no request reached it."],
    [{ prediction: null, isLogged: false }, /^Not known here: the path leads out of this session/],
  ]) {
    const { nothing, unchanged } = effectsOf(sent("blocked", { ...none, ...given }));
    assert.match(nothing, wanted instanceof RegExp ? wanted : new RegExp(`^${wanted}$`));
    assert.equal(unchanged, "", "what was not read is not said to be the same");
  }
});

test("no prediction has a reason where there is one", () => {
  assert.equal(noPrediction(""), "There is no prediction.");
  assert.equal(noPrediction("the path is long"), "There is no prediction: the path is long.");
});

test("a connection that was closed is told as that", () => {
  const closed = exchange({ closed: true, status: null, response_headers: [] });
  const { lines } = effectsOf({ ...sent("blocked"), exchanges: [closed] });
  assert.equal(lines[0].effect, "closed the connection without a response");
});

test("what is kept from the script is shown by a setting, or by a header where there is no policy", () => {
  const withheld = { prediction: prediction(allowed({ withheld: ["etag"] })) };
  assert.match(givenOf(sent("allowed", withheld)).note, /list them under `expose_headers`/);
  const byHand = { ...withheld, request: toRequest({ server: "hand" }) };
  assert.match(givenOf(sent("allowed", byHand)).note, /list them under `Access-Control-Expose-Headers`/);
});

test("what has changed at the API", () => {
  const before = {
    notes: [
      { id: 1, text: "a" },
      { id: 2, text: "b" },
      { id: 3, text: "c" },
    ],
    visits: 1,
  };
  const after = {
    notes: [
      { id: 1, text: "a" },
      { id: 2, text: "B" },
      { id: 4, text: "d" },
    ],
    visits: 2,
  };
  const { changes, warning } = effectsOf(sent("blocked", { before, after }));
  assert.deepEqual(changes, [
    "Note 2 changed from “b” to “B”",
    "Note 4 is new: “d”",
    "Note 3 was deleted: “c”",
    "The visit counter went from 1 to 2",
  ]);
  assert.equal(warning, "The browser withheld the response, but the API made the change anyway.");
  assert.equal(effectsOf(sent("allowed", { before, after })).warning, null);
  assert.deepEqual(effectsOf(sent("blocked", { before, after: before })), {
    ...effectsOf(sent("blocked")),
    changes: [],
    unchanged: "Its notes and counters are unchanged.",
    warning: null,
  });
});

test("headers are found in any case, and those that should be there are named", () => {
  assert.equal(
    headerValue(
      [
        ["A", "1"],
        ["a", "2"],
      ],
      "a",
    ),
    "1",
  );
  assert.equal(headerValue([["a", "1"]], "b"), null);
  assert.deepEqual(headerRows([ALLOW_ORIGIN, ["Vary", "Origin"]], ["vary", "location"]), [
    { name: ALLOW_ORIGIN[0], value: CONFIG.page, decides: false, dropped: false },
    { name: "Vary", value: "Origin", decides: true, dropped: false },
    { name: "location", value: null, decides: true, dropped: false },
  ]);
});

test("engines are known by what they call themselves", () => {
  const webkit = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko)";
  for (const [agent, engine] of [
    ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "firefox"],
    [`${webkit.replace("605.1.15", "537.36")} Chrome/150.0.0.0 Safari/537.36`, "chromium"],
    [`${webkit.replace("605.1.15", "537.36")} HeadlessChrome/150.0.0.0 Safari/537.36`, "chromium"],
    [`${webkit} Version/18.0 Safari/605.1.15`, "webkit"],
    ["something else", "chromium"],
  ]) {
    assert.equal(engineOf(agent), engine, agent);
  }
});
