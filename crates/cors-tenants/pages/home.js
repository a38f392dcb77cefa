// Makes a tenant, and goes to a tenant's page.

import { onSubmit, send } from "./request.js";

onSubmit(form("new"), async ({ tenant, account, password }) => {
  const made = await send("POST", "/tenants", { body: { tenant, account, password } });
  await send("POST", `${made.path}manage/session`, { body: { account, password } });
  location.assign(made.path);
  return "Made.";
});

onSubmit(form("open"), async ({ name }) => {
  location.assign(`/t/${encodeURIComponent(name.trim())}/`);
  return undefined;
});

/** @param {string} id */
function form(id) {
  return /** @type {HTMLFormElement} */ (document.getElementById(id));
}
