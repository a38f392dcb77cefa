// What the page sends of a request, and where to, is what the server says of it: `requests.json` is written by the server's
// own functions, in demo-backend/src/page/generated.rs.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { placeOf, withoutSession } from "../pure/place.js";
import { effective, urlOf } from "../pure/state.js";

const examples = JSON.parse(readFileSync(new URL("requests.json", import.meta.url), "utf8"));
const config = {
  api: "http://localhost:8080",
  api_alias: "http://127.0.0.1:8080",
  page: "http://localhost:3000",
  attacker: "http://localhost:3001",
};

test("each kind carries what the server says that it carries", () => {
  assert.ok(examples.length > 40);
  for (const { request, effective: expected } of examples) {
    assert.deepEqual(effective(request), expected, JSON.stringify(request));
    assert.deepEqual(effective(expected), expected, "once is enough");
  }
});

test("the page's URLs are the server's", () => {
  for (const { request, session, run, url } of examples) {
    assert.equal(urlOf(config, session, request, run === "" ? null : run), url);
    const { pathname, search } = new URL(url);
    const { cached, server, path } = request;
    assert.deepEqual(placeOf(pathname), { session, cached, server, route: path });
    const query = request.query === "" ? "" : `?${request.query}`;
    const api = server === "hand" ? "hand" : "api";
    assert.equal(withoutSession(pathname + search), `${cached ? "/cached" : ""}/${api}/${path}${query}`);
  }
});

test("what is not a path of the API stays as it is", () => {
  for (const target of [
    "/",
    "/favicon.svg",
    "/s/abcdefgh",
    "/apinotes",
    "/cachedapi/notes",
    "/hand/notes",
    "/cached/hand/notes",
  ]) {
    assert.equal(placeOf(target), null, target);
    assert.equal(withoutSession(target), target);
  }
});
