// Three outcomes: what is opaque is neither readable nor blocked, whatever made it so.

import assert from "node:assert/strict";
import { test } from "node:test";

import { observedOutcome, predictedOutcome } from "../pure/outcome.js";
import { allowed, blocked, failure, RUNS, response } from "./support.mjs";

test("what is predicted", () => {
  for (const [verdict, outcome] of [
    [allowed(), "readable"],
    [allowed({ type: "basic" }), "readable"],
    [allowed({ type: "opaque", status: 0 }), "opaque"],
    [allowed({ type: "opaqueredirect", status: 0 }), "opaque"],
    [blocked(), "blocked"],
    [blocked({ step: "canvas", header: null }), "blocked"],
  ]) {
    assert.equal(predictedOutcome(verdict), outcome);
  }
});

test("what is observed", () => {
  for (const [observation, outcome] of [
    [response(), "readable"],
    [response({ status: 500 }), "readable"],
    // Fonts and images are not told what the response's type is.
    [response({ type: "", status: null }), "readable"],
    [response({ type: "opaque", status: 0, body: "The image is shown: 8 × 8 pixels." }), "opaque"],
    [response({ type: "opaqueredirect", status: 0 }), "opaque"],
    [failure(), "blocked"],
    [{ ...failure(), type: "opaque" }, "blocked"],
  ]) {
    assert.equal(observedOutcome(observation), outcome);
  }
});

test("where the model is right, what is predicted is what is observed", () => {
  for (const [name, { prediction, observation }] of Object.entries(RUNS)) {
    if (
      prediction === null ||
      observation === null ||
      (RUNS[name].exchanges?.length === 0 && prediction.messages.length > 0)
    )
      continue;
    assert.equal(predictedOutcome(prediction.verdict), observedOutcome(observation), name);
  }
});
