// A request as code is the request: the curl line is run in a shell against a server on this machine, the line for
// cors-doctor in a shell with a stand-in that reads its arguments as the program does, and the JavaScript with stand-ins for
// what a browser has.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { asCurl, asDoctor, asScript, callInShort } from "../pure/code.js";
import { toRequest } from "../pure/state.js";
import { allowed, CONFIG, message, prediction } from "./support.mjs";

const run = promisify(execFile);

/** What a shell, curl or JavaScript could take for something else. */
const TRICKY = `it's "quoted" \`id\` $HOME \${HOME} $(id) \\n \\ ! # ~ * ? {a,b} [x] %41 & | ; < >\n\tline two\r\n🙂 é`;

const JSON_BODY = { type: "application/json", text: '{"text": "it\'s $HOME"}' };
const PAGE = { origin: CONFIG.page };
const FORM = "application/x-www-form-urlencoded;charset=UTF-8";

let config = CONFIG;
/** @type {{method: string, url: string, headers: Record<string, string>, body: string}[]} */
let received = [];

const server = createServer(async (incoming, outgoing) => {
  const chunks = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const { method, url, headers } = incoming;
  received.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
  outgoing.end();
});

before(async () => {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  config = { ...CONFIG, api: `http://127.0.0.1:${server.address().port}` };
});
after(() => server.close());

/** Runs lines in a shell, and gives what the server then saw. */
async function shell(lines) {
  received = [];
  // Were anything in the lines not taken literally, this would show: a home of another name, and no file to read.
  await run("bash", ["-c", `curl() { command curl --silent --noproxy '*' --max-time 5 "$@"; }\n${lines}`], {
    env: { PATH: process.env.PATH, HOME: "/not/a/home" },
  });
  return received;
}

/** @type {[string, object, {method: string, url?: string, headers?: Record<string, string | undefined>, body?: string}][]} */
const CURL = [
  ["a GET", {}, { method: "GET", headers: { ...PAGE, "content-type": undefined } }],
  ["a HEAD", { method: "HEAD" }, { method: "HEAD", headers: PAGE }],
  ["a POST without a body", { method: "POST" }, { method: "POST", headers: { ...PAGE, "content-type": undefined } }],
  ["a DELETE", { method: "DELETE", path: "notes/1" }, { method: "DELETE", url: "/s/abc/api/notes/1" }],
  ["a method in lower case that browsers write in upper case", { method: "put" }, { method: "PUT" }],
  ["a method of WebDAV", { method: "PROPFIND" }, { method: "PROPFIND" }],
  ["an OPTIONS of the reader's own", { method: "OPTIONS" }, { method: "OPTIONS", headers: PAGE }],
  [
    "a body in JSON",
    { method: "POST", body: JSON_BODY },
    { method: "POST", headers: { ...PAGE, "content-type": "application/json" }, body: JSON_BODY.text },
  ],
  [
    "a body in JSON with another type",
    { method: "POST", headers: [["Content-Type", "application/vnd.api+json"]], body: JSON_BODY },
    { method: "POST", headers: { "content-type": "application/vnd.api+json" }, body: JSON_BODY.text },
  ],
  [
    "a body as text",
    { method: "PUT", body: { type: "text/plain", text: TRICKY } },
    { method: "PUT", headers: { "content-type": "text/plain;charset=UTF-8" }, body: TRICKY },
  ],
  [
    "a body as a form, encoded as a browser does",
    { method: "POST", body: { type: "form", text: "text=a b&c=🙂'$HOME" } },
    { method: "POST", headers: { "content-type": FORM }, body: "text=a+b&c=%F0%9F%99%82%27%24HOME" },
  ],
  [
    "a body that names a file to curl",
    { method: "POST", body: { type: "text/plain", text: "@/etc/passwd" } },
    { method: "POST", body: "@/etc/passwd" },
  ],
  ["an empty body", { method: "POST", body: { type: "text/plain", text: "" } }, { method: "POST", body: "" }],
  [
    "headers",
    {
      headers: [
        ["x-a", 'it\'s `id` $HOME \\ "q"'],
        ["X-Empty", ""],
        ["x-dash", "-H 'x: y'"],
      ],
    },
    { method: "GET", headers: { "x-a": 'it\'s `id` $HOME \\ "q"', "x-empty": "", "x-dash": "-H 'x: y'" } },
  ],
  [
    "a header that would be two",
    {
      headers: [
        ["x-a", "1\r\nx-injected: 1"],
        ["x-b", "2"],
      ],
    },
    { method: "GET", headers: { "x-a": undefined, "x-injected": undefined, "x-b": "2" } },
  ],
  [
    "a header that names a file to curl",
    {
      headers: [
        ["@/etc/passwd", ""],
        ["x-b", "2"],
      ],
    },
    { method: "GET", headers: { "x-b": "2" } },
  ],
  [
    "a query with all that has a meaning elsewhere",
    { query: 'q=it\'s "$HOME" `id` [1-3]{a,b}&x=🙂' },
    { method: "GET", url: "/s/abc/api/notes?q=it%27s%20%22$HOME%22%20`id`%20[1-3]{a,b}&x=%F0%9F%99%82" },
  ],
  ["through the cache", { cached: true }, { method: "GET", url: "/s/abc/cached/api/notes" }],
  ["from the attacker's page", { page: "attacker" }, { method: "GET", headers: { origin: CONFIG.attacker } }],
  ["from a sandboxed frame", { page: "sandbox" }, { method: "GET", headers: { origin: "null" } }],
  ["no-cors, which sends no origin", { mode: "no-cors" }, { method: "GET", headers: { origin: undefined } }],
  ["no-cors with HEAD", { mode: "no-cors", method: "HEAD" }, { method: "HEAD", headers: { origin: undefined } }],
  ["no-cors with POST", { mode: "no-cors", method: "POST" }, { method: "POST", headers: PAGE }],
  [
    "an image",
    { kind: "image", method: "PUT", path: "image.png" },
    { method: "GET", url: "/s/abc/api/image.png", headers: { origin: undefined } },
  ],
  ["a font", { kind: "font" }, { method: "GET", url: "/s/abc/api/font", headers: PAGE }],
  ["a GET with a body, which can't be", { body: JSON_BODY }, { method: "GET", body: "" }],
  ["a HEAD with a body, which can't be", { method: "HEAD", body: JSON_BODY }, { method: "HEAD", body: "" }],
];

for (const [name, given, wanted] of CURL) {
  test(`curl: ${name}`, async () => {
    const line = asCurl(config, "abc", toRequest(given), null);
    const seen = await shell(line);
    assert.equal(seen.length, 1, line);
    const { method, url, headers, body } = seen[0];
    assert.equal(method, wanted.method, line);
    assert.equal(url, wanted.url ?? "/s/abc/api/notes", line);
    for (const [header, value] of Object.entries(wanted.headers ?? {}))
      assert.equal(headers[header], value, `${header}: ${line}`);
    if (wanted.body !== undefined) assert.equal(body, wanted.body, line);
  });
}

test("curl: the preflight comes first, without a body and without what only the request has", async () => {
  const request = toRequest({ method: "PUT", path: "notes/1", headers: [["x-a", "1"]], body: JSON_BODY });
  const preflight = message({
    kind: "preflight",
    method: "OPTIONS",
    request_headers: [
      ["accept", "*/*"],
      ["access-control-request-headers", "content-type,x-a"],
      ["access-control-request-method", "PUT"],
      ["origin", CONFIG.page],
      ["sec-fetch-mode", "cors"],
    ],
  });
  const lines = asCurl(config, "abc", request, prediction(allowed(), preflight, message({ method: "PUT" })));
  const [first, second] = await shell(lines);
  assert.deepEqual([first.method, first.url, first.body], ["OPTIONS", "/s/abc/api/notes/1", ""]);
  assert.equal(first.headers.origin, CONFIG.page);
  assert.equal(first.headers["access-control-request-method"], "PUT");
  assert.equal(first.headers["access-control-request-headers"], "content-type,x-a");
  assert.deepEqual([first.headers["sec-fetch-mode"], first.headers["x-a"]], [undefined, undefined]);
  assert.deepEqual([second.method, second.body, second.headers["x-a"]], ["PUT", JSON_BODY.text, "1"]);
  assert.match(lines, /^# the preflight\ncurl -i -X OPTIONS \\\n/);
  assert.match(lines, /\n\n# the request itself\ncurl -i -X PUT \\\n/);
});

test("curl: what a browser leaves out is left out", async () => {
  const headers = [
    ["Origin", "https://a.example"],
    ["cookie", "a=b"],
    ["Host", "a.example"],
    ["x-a", "1"],
  ];
  const dropped = ["Origin", "Cookie", "Host"].map((name) => ({ name, why: "forbidden", sentence: "" }));
  const predicted = { ...prediction(allowed(), message()), dropped };
  const [seen] = await shell(asCurl(config, "abc", toRequest({ headers }), predicted));
  assert.equal(seen.headers.origin, CONFIG.page);
  assert.equal(seen.headers.cookie, undefined);
  assert.match(seen.headers.host, /^127\.0\.0\.1:/);
  assert.equal(seen.headers["x-a"], "1");
});

test("curl: other methods keep their case, and stay one word", () => {
  // Node's own server knows no method in lower case.
  const line = (method) => asCurl(config, "abc", toRequest({ method }), null).split(" \\\n")[0];
  assert.equal(line("patch"), "curl -i -X patch");
  assert.equal(line("a b;c"), "curl -i -X 'a b;c'");
});

test("curl: what fetch() throws for is said", () => {
  const says = (given) => asCurl(config, "abc", toRequest(given), null).startsWith("# fetch() throws for this request");
  assert.equal(says({ body: JSON_BODY }), true);
  assert.equal(says({ headers: [["x a", "1"]] }), true);
  assert.equal(says({ headers: [["x-a", "1\n2"]] }), true);
  assert.equal(says({ headers: [["x-a", "😀"]] }), true);
  assert.equal(says({ headers: [["x-a", "5 €"]] }), true);
  assert.equal(says({ headers: [["x-a", "Grüße"]] }), false);
  assert.equal(says({ method: "POST", body: JSON_BODY }), false);
  assert.equal(says({ kind: "xhr", body: JSON_BODY }), false);
});

/** What a shell gives the program as its arguments. */
async function argumentsIn(line) {
  const { stdout } = await run("bash", ["-c", `cors-doctor() { printf '%s\\0' "$@"; }\n${line}`], {
    env: { PATH: process.env.PATH, HOME: "/not/a/home" },
  });
  return stdout.split("\0").slice(0, -1);
}

/** Reads arguments as the program does: a value that begins like an option must be joined to it, but for a body's. */
function asked([command, ...rest]) {
  assert.equal(command, "check");
  const NAMES = { "-X": "--request", "-H": "--header", "-d": "--data" };
  const found = { headers: [] };
  while (rest.length > 0) {
    const first = rest.shift();
    if (!first.startsWith("-")) {
      assert.equal(found.url, undefined, `a second URL: ${first}`);
      found.url = first;
      continue;
    }
    const [, written, joined] = /^(--[a-z]+|-[A-Z]|-d)(?:=(.*))?$/s.exec(first) ?? assert.fail(first);
    const name = NAMES[written] ?? written;
    let value = joined;
    if (value === undefined && name === "--credentials") value = "include";
    else if (value === undefined) {
      value = rest.shift();
      assert.ok(value !== undefined && (name === "--data" || !value.startsWith("-")), `${name} has no value`);
    }
    if (name === "--header") {
      const colon = value.indexOf(":");
      assert.notEqual(colon, -1, value);
      found.headers.push([value.slice(0, colon).trim(), value.slice(colon + 1).trim()]);
    } else {
      assert.match(name, /^--(request|data|origin|credentials|mode|redirect)$/);
      found[name.slice(2)] = value;
    }
  }
  return found;
}

const NOTES = { url: "http://localhost:8080/s/abc/api/notes", origin: CONFIG.page, headers: [] };
const JSON_TYPE = ["content-type", "application/json"];

for (const [name, given, wanted] of [
  ["a GET", {}, {}],
  ["a HEAD", { method: "HEAD" }, { request: "HEAD" }],
  ["a method in lower case, which the doctor corrects as a browser does", { method: "put" }, { request: "put" }],
  ["a method of two words", { method: "a b;c" }, { request: "a b;c" }],
  ["a method that looks like an option", { method: "-x" }, { request: "-x" }],
  [
    "a body in JSON",
    { method: "POST", body: JSON_BODY },
    { request: "POST", headers: [JSON_TYPE], data: JSON_BODY.text },
  ],
  ["a body as text", { method: "PUT", body: { type: "text/plain", text: TRICKY } }, { request: "PUT", data: TRICKY }],
  [
    "a body that looks like an option",
    { method: "POST", body: { type: "text/plain", text: "--send" } },
    { request: "POST", data: "--send" },
  ],
  ["an empty body", { method: "POST", body: { type: "text/plain", text: "" } }, { request: "POST", data: "" }],
  [
    "a body that zsh would take for a command",
    { method: "POST", body: { type: "text/plain", text: "=ls" } },
    { request: "POST", data: "=ls" },
  ],
  [
    "a body as a form, encoded as a browser does",
    { method: "POST", body: { type: "form", text: "text=a b&c=🙂'$HOME" } },
    { request: "POST", headers: [["content-type", FORM]], data: "text=a+b&c=%F0%9F%99%82%27%24HOME" },
  ],
  [
    "a GET with a body, which the doctor refuses as a browser does",
    { body: JSON_BODY },
    {
      request: "GET",
      headers: [JSON_TYPE],
      data: JSON_BODY.text,
    },
  ],
  ["XMLHttpRequest drops such a body", { kind: "xhr", body: JSON_BODY }, { headers: [JSON_TYPE] }],
  [
    "headers",
    {
      headers: [
        ["x-a", 'it\'s `id` $HOME \\ "q"'],
        ["X-Empty", ""],
        ["x-dash", "-H 'x: y'"],
        ["-x", "1"],
        ["x a", "fetch() throws"],
      ],
    },
    {
      headers: [
        ["x-a", 'it\'s `id` $HOME \\ "q"'],
        ["X-Empty", ""],
        ["x-dash", "-H 'x: y'"],
        ["-x", "1"],
        ["x a", "fetch() throws"],
      ],
    },
  ],
  [
    "a cookie, which a script can't set",
    {
      headers: [
        ["Cookie", "a=1"],
        ["x-b", "2"],
      ],
    },
    { headers: [["x-b", "2"]] },
  ],
  ["credentials", { credentials: "include" }, { credentials: "include" }],
  ["no credentials", { credentials: "omit" }, { credentials: "omit" }],
  ["no-cors", { mode: "no-cors" }, { mode: "no-cors" }],
  ["same-origin", { mode: "same-origin" }, { mode: "same-origin" }],
  ["redirects are errors", { redirect: "error" }, { redirect: "error" }],
  ["redirects by hand", { redirect: "manual" }, { redirect: "manual" }],
  ["from the attacker's page", { page: "attacker" }, { origin: CONFIG.attacker }],
  ["from a sandboxed frame", { page: "sandbox" }, { origin: "null" }],
  [
    "a query with all that has a meaning elsewhere",
    { query: 'q=it\'s "$HOME" `id` [1-3]{a,b}&x=🙂' },
    { url: `${NOTES.url}?q=it%27s%20%22$HOME%22%20\`id\`%20[1-3]{a,b}&x=%F0%9F%99%82` },
  ],
  ["through the cache", { cached: true }, { url: "http://localhost:8080/s/abc/cached/api/notes" }],
  [
    "an image, which brings cookies",
    { kind: "image", method: "PUT", path: "notes" },
    { credentials: "include", mode: "no-cors" },
  ],
  [
    "a canvas without CORS",
    { kind: "canvas", mode: "no-cors", path: "notes" },
    { credentials: "include", mode: "no-cors" },
  ],
  ["a font", { kind: "font", path: "notes" }, {}],
]) {
  test(`cors-doctor: ${name}`, async () => {
    const line = asDoctor(CONFIG, "abc", toRequest(given));
    assert.deepEqual(asked(await argumentsIn(line)), { ...NOTES, ...wanted }, line);
  });
}

test("cors-doctor: plain words, and quotes only where a shell needs them", () => {
  const body = { type: "application/json", text: "{}" };
  const request = toRequest({ method: "PUT", path: "notes/1", credentials: "include", body });
  assert.equal(
    asDoctor(CONFIG, "default", request),
    "cors-doctor check http://localhost:8080/api/notes/1 --origin http://localhost:3000 -X PUT " +
      "-H 'content-type: application/json' --credentials -d '{}'",
  );
});

/** Runs JavaScript with these as its globals, and gives them what it does. */
async function evaluate(code, globals) {
  const AsyncFunction = (async () => {}).constructor;
  // `import()` can't be replaced; a function can.
  const body = code.replace(/\bimport\(/, "load(");
  await new AsyncFunction(...Object.keys(globals), body)(...Object.values(globals));
}

/** What `fetch()` would send, as far as a page can say. */
async function sentBy(code) {
  const sent = [];
  const fetch = async (url, init) => sent.push(new Request(url, init));
  await evaluate(code, { fetch });
  assert.equal(sent.length, 1, code);
  return describe(sent[0]);
}

async function describe(request) {
  const { method, url, credentials, mode, redirect, headers } = request;
  return { method, url, credentials, mode, redirect, headers: [...headers], body: await request.text() };
}

const FETCH = [
  ["nothing but a URL", {}, {}],
  ["HEAD", { method: "HEAD" }, { method: "HEAD" }],
  ["credentials", { credentials: "include" }, { credentials: "include" }],
  ["no credentials", { credentials: "omit" }, { credentials: "omit" }],
  ["no-cors", { mode: "no-cors" }, { mode: "no-cors" }],
  ["same-origin", { mode: "same-origin" }, { mode: "same-origin" }],
  ["redirects by hand", { redirect: "manual" }, { redirect: "manual" }],
  ["redirects are errors", { redirect: "error" }, { redirect: "error" }],
  [
    "JSON",
    { method: "POST", body: JSON_BODY },
    { method: "POST", headers: { "content-type": "application/json" }, body: JSON_BODY.text },
  ],
  [
    "JSON with another type",
    { method: "POST", headers: [["Content-Type", "application/ld+json"]], body: JSON_BODY },
    { method: "POST", headers: { "content-type": "application/ld+json" }, body: JSON_BODY.text },
  ],
  ["text", { method: "PUT", body: { type: "text/plain", text: TRICKY } }, { method: "PUT", body: TRICKY }],
  [
    "text that looks like code",
    {
      method: "PUT",
      body: { type: "text/plain", text: 'body: "x"\u2028</script>\u0000' },
      headers: [["x-a", 'body: "y"']],
    },
    { method: "PUT", body: 'body: "x"\u2028</script>\u0000', headers: { "x-a": 'body: "y"' } },
  ],
  [
    "a form",
    { method: "POST", body: { type: "form", text: "a=b c&d='\"`🙂" } },
    { method: "POST", body: new URLSearchParams("a=b c&d='\"`🙂") },
  ],
  [
    "headers",
    {
      headers: [
        ["x-a", `it's "q" \`id\` \${HOME}`],
        ["X-B", ""],
        ["__proto__", "1"],
      ],
    },
    {
      headers: [
        ["x-a", `it's "q" \`id\` \${HOME}`],
        ["X-B", ""],
        ["__proto__", "1"],
      ],
    },
  ],
  [
    "a header twice",
    {
      headers: [
        ["x-a", "1"],
        ["X-A", "2"],
      ],
    },
    {
      headers: [
        ["x-a", "1"],
        ["X-A", "2"],
      ],
    },
  ],
  [
    "all at once",
    { method: "PATCH", headers: [["x-a", "1"]], credentials: "include", redirect: "error", body: JSON_BODY },
    {
      method: "PATCH",
      headers: { "x-a": "1", "content-type": "application/json" },
      credentials: "include",
      redirect: "error",
      body: JSON_BODY.text,
    },
  ],
];

for (const [name, given, init] of FETCH) {
  test(`fetch(): ${name}`, async () => {
    const code = asScript(config, "abc", toRequest(given));
    const wanted = new Request(`${config.api}/s/abc/api/notes`, { credentials: "same-origin", mode: "cors", ...init });
    assert.deepEqual(await sentBy(code), await describe(wanted), code);
  });
}

test("fetch(): a query is written as it is sent", async () => {
  const { url } = await sentBy(asScript(config, "abc", toRequest({ query: `q='"\`\${x}\\🙂 [1]` })));
  assert.equal(url, new URL(`/s/abc/api/notes?q='"\`\${x}\\🙂 [1]`, config.api).href);
});

test("fetch(): what it throws for throws", async () => {
  await assert.rejects(sentBy(asScript(config, "abc", toRequest({ body: JSON_BODY }))), TypeError);
  await assert.rejects(sentBy(asScript(config, "abc", toRequest({ headers: [["x a", "1"]] }))), TypeError);
});

test("fetch(): plain code", () => {
  const origins = { ...CONFIG, api: "http://localhost:8080" };
  for (const [given, lines] of [
    [{}, ['const response = await fetch("http://localhost:8080/api/notes");']],
    [
      { method: "POST", credentials: "include", body: { type: "application/json", text: "{}" } },
      [
        'const response = await fetch("http://localhost:8080/api/notes", {',
        '  method: "POST",',
        '  headers: { "content-type": "application/json" },',
        '  credentials: "include",',
        '  body: "{}",',
        "});",
      ],
    ],
    [
      { page: "attacker" },
      ["// in the page of http://localhost:3001", 'const response = await fetch("http://localhost:8080/api/notes");'],
    ],
    [
      { page: "sandbox" },
      ["// in a sandboxed frame", 'const response = await fetch("http://localhost:8080/api/notes");'],
    ],
  ]) {
    assert.equal(asScript(origins, "default", toRequest(given)), lines.join("\n"));
  }
});

/** Runs code that loads something, and gives what it did, in order. */
async function loadedBy(code) {
  const done = [];
  /** Notes what is set of it. */
  const element = (name) =>
    new Proxy(
      { decode: async () => done.push(`${name}.decode()`), getContext: () => element("context") },
      {
        get: (target, key) => target[key] ?? ((...values) => done.push(`${name}.${String(key)}(${values.length})`)),
        set: (_, key, value) => done.push(`${name}.${String(key)} = ${value}`) > 0,
      },
    );
  class XMLHttpRequest {
    #xhr = element("xhr");
    open = (...values) => done.push(`open(${values.join(", ")})`);
    setRequestHeader = (...values) => done.push(`setRequestHeader(${values.join(", ")})`);
    send = (...values) => done.push(`send(${values.join(", ")})`);
    set withCredentials(value) {
      this.#xhr.withCredentials = value;
    }
  }
  class FontFace {
    constructor(...values) {
      done.push(`FontFace(${values.join(", ")})`);
    }
    load = async () => done.push("load()");
  }
  class EventSource {
    constructor(...values) {
      done.push(`EventSource(${values.map((value) => JSON.stringify(value)).join(", ")})`);
    }
  }
  const document = {
    createElement: element,
    head: { append: () => done.push("head.append()") },
    fonts: { add: () => done.push("fonts.add()") },
  };
  const load = async (url) => done.push(`import(${url})`);
  const globals = {
    XMLHttpRequest,
    FontFace,
    EventSource,
    Image: function Image() {
      return element("image");
    },
    document,
    load,
  };
  await evaluate(code, globals);
  return done;
}

for (const [name, given, wanted] of [
  ["XMLHttpRequest", { kind: "xhr" }, ["open(GET, URL)", "send()"]],
  [
    "XMLHttpRequest with credentials and a body",
    { kind: "xhr", method: "PUT", credentials: "include", headers: [["x-a", "it's"]], body: JSON_BODY },
    [
      "open(PUT, URL)",
      "xhr.withCredentials = true",
      "setRequestHeader(x-a, it's)",
      "setRequestHeader(content-type, application/json)",
      `send(${JSON_BODY.text})`,
    ],
  ],
  [
    "XMLHttpRequest with a type of the reader's own",
    { kind: "xhr", method: "PUT", headers: [["CONTENT-TYPE", "text/x"]], body: JSON_BODY },
    ["open(PUT, URL)", "setRequestHeader(CONTENT-TYPE, text/x)", `send(${JSON_BODY.text})`],
  ],
  [
    "XMLHttpRequest with a form",
    { kind: "xhr", method: "POST", body: { type: "form", text: "a=b c" } },
    ["open(POST, URL)", "send(a=b+c)"],
  ],
  ["a font", { kind: "font", path: "font" }, ['FontFace(Lab, url("URL"))', "load()", "fonts.add()"]],
  ["an image", { kind: "image", path: "notes", credentials: "include" }, ["image.src = URL", "image.decode()"]],
  [
    "an image with CORS",
    { kind: "image-cors" },
    ["image.crossOrigin = anonymous", "image.src = URL", "image.decode()"],
  ],
  [
    "an image with CORS and credentials",
    { kind: "image-cors", credentials: "include" },
    ["image.crossOrigin = use-credentials", "image.src = URL", "image.decode()"],
  ],
  [
    "a canvas",
    { kind: "canvas" },
    [
      "image.crossOrigin = anonymous",
      "image.src = URL",
      "image.decode()",
      "context.drawImage(3)",
      "context.getImageData(4)",
    ],
  ],
  [
    "a canvas without CORS",
    { kind: "canvas", mode: "no-cors" },
    ["image.src = URL", "image.decode()", "context.drawImage(3)", "context.getImageData(4)"],
  ],
  ["a module", { kind: "module" }, ["import(URL)"]],
  [
    "a module with credentials",
    { kind: "module", credentials: "include" },
    ["script.type = module", "script.crossOrigin = use-credentials", "script.src = URL", "head.append()"],
  ],
  ["events", { kind: "events" }, ['EventSource("URL")']],
  [
    "events with credentials",
    { kind: "events", credentials: "include" },
    ['EventSource("URL", {"withCredentials":true})'],
  ],
]) {
  test(`JavaScript: ${name}`, async () => {
    const request = toRequest(given);
    const done = await loadedBy(asScript(config, "abc", request));
    const url = `${config.api}/s/abc/api/${request.path}`;
    assert.deepEqual(
      done.map((line) => line.replace(url, "URL")),
      wanted,
    );
  });
}

test("a call in a few words", () => {
  const calls = ["fetch", "xhr", "font", "image", "image-cors", "canvas", "module", "events"].map((kind) =>
    callInShort(toRequest({ kind })),
  );
  assert.deepEqual(calls, [
    'fetch("notes")',
    "xhr.send()",
    "face.load()",
    "image.src",
    "image.src",
    "image.src",
    "import",
    "EventSource",
  ]);
});
