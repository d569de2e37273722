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

// A list that is told what comes says whether it still is. What is refused (the session has ended,
// the endpoint is gone, too many watch) is not asked for again.
const refused = (status) => status >= 400 && status < 500;
const tell = (list, connection) => {
  const section = list.closest("section");
  if (section) section.dataset.connection = connection;
};
document.addEventListener("htmx:sse:before:connection", (event) => {
  if (event.target.dataset.refused) event.preventDefault();
  else tell(event.target, "lost");
});
document.addEventListener("htmx:sse:after:connection", ({ target }) => tell(target, "on"));
document.addEventListener("htmx:sse:error", ({ target, detail }) => {
  if (refused(detail.status)) target.dataset.refused = "yes";
  tell(target, target.dataset.refused ? "off" : "lost");
});
document.addEventListener("htmx:sse:close", ({ target }) => tell(target, "off"));
document.addEventListener("htmx:sse:after:message", ({ target: list }) => {
  while (list.children.length > 100) list.lastElementChild.remove();
});

// A part of a page that is refused is as it was then, says so, and is not asked for again.
document.addEventListener("htmx:response:error", ({ target, detail }) => {
  const stale = target.parentElement?.querySelector(":scope > .stale");
  if (!stale || !refused(detail.ctx.response.status)) return;
  stale.hidden = false;
  target.remove();
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
