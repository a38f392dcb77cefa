// What people paste into fields.

import assert from "node:assert/strict";
import { test } from "node:test";

import { headerFrom, takenFrom } from "../pure/pasted.js";

const A = "http://localhost:3000";

test("a whole policy is taken over, as a file, as JSON and as Rust", () => {
  for (const [text, wanted] of [
    [`allow_origins = ["${A}"]`, { allow_origins: [A] }],
    [`allow_origins = ["${A}"]\n`, { allow_origins: [A] }],
    [`allow_origins = ['${A}']`, { allow_origins: [A] }],
    [`allow_origins=["${A}", "https://*.example.com"]`, { allow_origins: [A, "https://*.example.com"] }],
    [
      `allow_origins = [\n  "${A}",\n  # the other one\n  "https://b.example",\n]`,
      { allow_origins: [A, "https://b.example"] },
    ],
    ['allow_origins = ["http://[::1]:3000"]', { allow_origins: ["http://[::1]:3000"] }],
    ["allow_origins = []", { allow_origins: [] }],
    [
      `# ours\nallow_origins = ["${A}"] # the page\nallow_methods = ["PUT", "DELETE"]\nallow_credentials = true\nmax_age = 600\n`,
      { allow_origins: [A], allow_methods: ["PUT", "DELETE"], allow_credentials: true, max_age: 600 },
    ],
    ["[cors]\nallow_credentials = false", { allow_credentials: false }],
    ['danger_allow_origins = ["http://192.168.1.20"]', { danger_allow_origins: ["http://192.168.1.20"] }],
    [
      `{\n  "allow_origins": ["${A}"],\n  "allow_credentials": true,\n  "max_age": 0\n}`,
      { allow_origins: [A], allow_credentials: true, max_age: 0 },
    ],
    [
      `let policy = Policy::builder()\n    .allow_origins(["${A}"])\n    .allow_headers(["content-type", "x-a"])\n    .allow_credentials()\n    .max_age(Duration::from_secs(600))\n    .build()?;\n`,
      { allow_origins: [A], allow_headers: ["content-type", "x-a"], allow_credentials: true, max_age: 600 },
    ],
    ['expose_headers = ["x-\\"a"]', { expose_headers: ['x-"a'] }],
  ]) {
    assert.deepEqual(takenFrom(text), wanted, text);
  }
});

test("what is not a policy, or not a policy alone, is left to the server", () => {
  for (const text of [
    "",
    A,
    `"${A}"`,
    "PUT,DELETE",
    "Access-Control-Allow-Origin: *",
    "allow_origins",
    "allow_origins = [",
    `allow_origins = ["${A}"`,
    `allow_origins = "${A}"`,
    `allow_origins = [${A}]`,
    `https://b.example\nallow_origins = ["${A}"]`,
    `allow_origins = ["${A}"]\nhttps://b.example`,
    `allow_origins = ["${A}"]\nallow_everything = true`,
    `my_allow_origins = ["${A}"]`,
    "max_age = -1",
    "max_age = 1.5",
    "allow_credentials = maybe",
    "# a comment",
    "{}",
  ]) {
    assert.equal(takenFrom(text), null, text);
  }
});

test("a header is read as a line, as a member of an object, and as an argument of curl", () => {
  for (const [line, wanted] of [
    ["x-a: 1", ["x-a", "1"]],
    ["  X-A :  1 2 ", ["X-A", "1 2"]],
    ["x-a:", ["x-a", ""]],
    ["x-a", ["x-a", ""]],
    [":path: /", [":path", "/"]],
    ["x-a: http://b:80", ["x-a", "http://b:80"]],
    ['"Content-Type": "application/json",', ["Content-Type", "application/json"]],
    ["'x-a': '1'", ["x-a", "1"]],
    ['"x-a": "say \\"hi\\"",', ["x-a", 'say "hi"']],
    ["-H 'x-a: 1'", ["x-a", "1"]],
    ['-H "x-a: 1" \\', ["x-a", "1"]],
    ["--header='Authorization: Bearer x'", ["Authorization", "Bearer x"]],
    // A value may have quotation marks of its own.
    ['if-none-match: "a"', ["if-none-match", '"a"']],
    ['x-a: "b", "c"', ["x-a", '"b", "c"']],
    ['"x-a: 1', ['"x-a', "1"]],
  ]) {
    assert.deepEqual(headerFrom(line), wanted, line);
  }
});
