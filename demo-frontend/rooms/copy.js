// The buttons that copy a text.

import { announce } from "./dom.js";

/**
 * @param {HTMLElement} button says for a moment that it was done
 * @param {() => string} text
 */
export function copyButton(button, text) {
  const label = button.textContent ?? "";
  button.addEventListener("click", async () => {
    const copied = text();
    try {
      await navigator.clipboard.writeText(copied);
    } catch {
      copyTheOldWay(copied);
    }
    button.dataset.copied = "true";
    button.textContent = "Copied";
    announce("Copied.");
    setTimeout(() => {
      button.textContent = label;
      delete button.dataset.copied;
    }, 1500);
  });
}

/**
 * Where the page is reached by a name other than localhost there is no clipboard.
 *
 * @param {string} text
 */
function copyTheOldWay(text) {
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}
