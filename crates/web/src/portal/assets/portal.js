// The portal's own script, beside htmx. Every page works without it: it adds a button that copies to
// fields that can be selected by hand, and keeps a form from being sent twice by a double click.
"use strict";

for (const field of document.querySelectorAll("[data-copy]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button small";
  button.textContent = "Copy";
  button.setAttribute("aria-label", "Copy " + field.dataset.copy);
  const said = document.createElement("span");
  said.className = "visually-hidden";
  said.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = "Copied";
      said.textContent = "Copied";
    } catch {
      // No permission, or no secure connection: select it, so that Ctrl+C copies.
      field.focus();
      field.select();
      said.textContent = "Selected: press Ctrl+C to copy";
    }
    setTimeout(() => { button.textContent = "Copy"; said.textContent = ""; }, 2000);
  });
  field.after(button, said);
}

// A list that is told what comes says whether it still is, and keeps the newest.
for (const [event, connection] of [
  ["htmx:sse:before:connection", "lost"],
  ["htmx:sse:after:connection", "on"],
  ["htmx:sse:error", "lost"],
  ["htmx:sse:close", "off"],
]) {
  document.addEventListener(event, ({ target }) => {
    const section = target.closest("section");
    if (section) section.dataset.connection = connection;
  });
}
document.addEventListener("htmx:sse:after:message", ({ target: list }) => {
  while (list.children.length > 100) list.lastElementChild.remove();
});

// On the document, since forms come and go with the parts of a page that are shown anew.
document.addEventListener("submit", (event) => {
  if (event.target.method !== "post") return;
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "yes";
});

// Shown again from the browser's memory, a form can be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
