// A fix changes the policy as its verdict says, and nothing else.

import assert from "node:assert/strict";
import { test } from "node:test";

import { patched } from "../pure/patch.js";
import { toPolicy } from "../pure/state.js";

const PAGE = "http://localhost:3000";

for (const [name, policy, patch, wanted] of [
  [
    "an entry is added at the end",
    { allow_origins: ["https://a.example"] },
    [{ setting: "allow_origins", add: PAGE }],
    { allow_origins: ["https://a.example", PAGE] },
  ],
  [
    "an entry is there only once",
    { allow_origins: [PAGE, "https://a.example"] },
    [{ setting: "allow_origins", add: PAGE }],
    { allow_origins: ["https://a.example", PAGE] },
  ],
  [
    "an entry is removed",
    { expose_headers: ["*", "etag"] },
    [{ setting: "expose_headers", remove: "*" }],
    { expose_headers: ["etag"] },
  ],
  [
    "changes follow one another",
    { allow_origins: ["*"], expose_headers: ["*"] },
    [
      { setting: "expose_headers", remove: "*" },
      { setting: "allow_origins", remove: "*" },
      { setting: "allow_origins", add: PAGE },
      { setting: "allow_credentials", set: true },
    ],
    { allow_origins: [PAGE], allow_credentials: true },
  ],
  [
    "several entries of one list",
    {},
    [
      { setting: "allow_headers", add: "x-a" },
      { setting: "allow_headers", add: "x-b" },
    ],
    { allow_headers: ["x-a", "x-b"] },
  ],
  ["a switch is set", {}, [{ setting: "allow_credentials", set: true }], { allow_credentials: true }],
  ["a number is set", { max_age: 5 }, [{ setting: "max_age", set: 600 }], { max_age: 600 }],
  ["an unknown setting is left out", {}, [{ setting: "allow_everything", set: true }], {}],
  ["no change", { allow_methods: ["PUT"], max_age: 0 }, [], { allow_methods: ["PUT"], max_age: 0 }],
]) {
  test(name, () => {
    const before = toPolicy(policy);
    const kept = structuredClone(before);
    assert.deepEqual(patched(before, patch), toPolicy(wanted));
    assert.deepEqual(before, kept, "the policy before stays as it is");
  });
}
