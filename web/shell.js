// What every page has around it: the name, the way to the other pages, and the question for a key.

import { door, json, key } from "/web/api.js";
import { by, el } from "/web/dom.js";

const PAGES = [["/", "Studio"], ["/status", "Status"], ["/playground", "Playground"], ["/docs", "API"]];

function mark() {
  const hull = (d) => el("svg:path", { d, fill: "none", stroke: "currentColor", "stroke-width": "2.5", "stroke-linecap": "round" });
  return el("svg:svg", { viewBox: "0 0 28 20", "aria-hidden": "true" }, hull("M2 13q3 4 7 4"), hull("M9 15q5 5 10 0"), hull("M19 17q4 0 7-4"),
    el("svg:path", { d: "M14 1v11M14 2q8 4 6 10h-6z", fill: "currentColor", stroke: "currentColor", "stroke-linejoin": "round" }));
}

// Resolves to whether there is a key to try.
function askForKey(wasWrong) {
  return new Promise((resolve) => {
    const field = el("input", { id: "api-key", type: "password", autocomplete: "off", required: true });
    const keep = el("input", { id: "keep-key", type: "checkbox" });
    const dialog = el("dialog", { "aria-labelledby": "key-title" },
      el("form", { method: "dialog" },
        el("h2", { id: "key-title" }, "This service asks for an API key"),
        wasWrong && el("p", { class: "bad", role: "alert" }, "The key was not accepted."),
        el("div", { class: "field" }, el("label", { for: "api-key" }, "API key", el("span", { class: "hint" }, "From whoever runs the service.")), field),
        el("div", { class: "field" }, el("label", { for: "keep-key" }, keep, " Remember it in this browser")),
        el("div", { class: "row" }, el("button", { class: "main", value: "continue" }, "Continue"), el("button", { value: "later", formnovalidate: true }, "Not now"))));
    dialog.addEventListener("close", () => {
      const isGiven = dialog.returnValue === "continue" && field.value.trim() !== "";
      if (isGiven) key.set(field.value.trim(), keep.checked);
      dialog.remove();
      asking = null;
      door.isDeclined = !isGiven;
      resolve(isGiven);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

let asking = null;
door.ask = (wasWrong) => (asking ??= askForKey(wasWrong));

document.body.prepend(
  el("a", { class: "skip", href: "#main" }, "Skip to the content"),
  el("header", { class: "top" },
    el("a", { class: "name", href: "/" }, mark(), "Trimaran"),
    el("nav", { "aria-label": "Pages" }, PAGES.map(([href, name]) =>
      el("a", { href, "aria-current": location.pathname === href && "page" }, name))),
    el("div", { class: "end small soft", id: "health", role: "status" })));

json("/readyz").catch((problem) => problem.body || { reasons: [problem.message] }).then(({ reasons }) => {
  if (reasons.length) by("health").append(el("span", { class: "badge warn" }, reasons.join("; ")));
});
