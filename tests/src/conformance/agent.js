// Does in its page what a vector's `request` asks for, and tells what script was given. The page is the top one, or a
// frame that is told by messages.
"use strict";

// Longer than anything takes on a busy machine; a fetch that hangs must not hold up the others.
const PATIENCE = 10_000;

function bodyOf(type) {
  switch (type) {
    case undefined:
    case null:
      return undefined;
    case "":
      return new Uint8Array([1, 2, 3]);
    case "text/plain;charset=UTF-8":
      return "body";
    case "application/x-www-form-urlencoded;charset=UTF-8":
      return new URLSearchParams({ body: "1" });
    default:
      return new Blob(["body"], { type });
  }
}

async function withFetch(request) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), PATIENCE);
  const init = { method: request.method, headers: request.headers, body: bodyOf(request.body), signal: abort.signal };
  for (const name of ["mode", "credentials", "redirect"]) {
    if (request[name]) init[name] = request[name];
  }
  try {
    const response = await fetch(request.url, init);
    const { type, status, url, redirected } = response;
    return { allowed: { type, status, url, redirected, headers: [...response.headers] } };
  } catch (error) {
    return abort.signal.aborted ? { hung: true } : { blocked: String(error) };
  } finally {
    clearTimeout(timer);
  }
}

function withXhr(request) {
  return new Promise((resolve) => {
    const xhr = new XMLHttpRequest();
    xhr.upload.onprogress = () => {};
    xhr.timeout = PATIENCE;
    xhr.onload = () => {
      const lines = xhr
        .getAllResponseHeaders()
        .split("\r\n")
        .filter((line) => line !== "");
      const headers = lines.map((line) => line.split(/: ?(.*)/s).slice(0, 2));
      resolve({ allowed: { status: xhr.status, url: xhr.responseURL, headers } });
    };
    xhr.onerror = () => resolve({ blocked: "error event" });
    xhr.ontimeout = () => resolve({ hung: true });
    try {
      xhr.open(request.method, request.url);
      xhr.withCredentials = request.credentials === "include";
      for (const [name, value] of request.headers) xhr.setRequestHeader(name, value);
      xhr.send(bodyOf(request.body));
    } catch (error) {
      resolve({ blocked: String(error) });
    }
  });
}

function perform(request) {
  return request.upload_listener ? withXhr(request) : withFetch(request);
}

if (parent !== window) {
  addEventListener("message", async ({ data }) => {
    parent.postMessage({ id: data.id, outcome: await perform(data.request) }, "*");
  });
  parent.postMessage({ ready: true }, "*");
}
