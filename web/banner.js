// The banner above the studio: what a visitor should know before anything else, such as that there is no key.

import { door, json } from "/web/api.js";
import { el, show } from "/web/dom.js";
import { standing } from "/web/standing.js";

const KEY_PAGE = "https://aistudio.google.com/app/apikey";

function withoutKey(lastResort) {
  const who = lastResort
    ? ["Tables and figures are computed as always. A very small model inside the service (", el("span", { class: "nowrap" }, lastResort), ") drafts the sentences: good for a look, not to be sent to anybody."]
    : ["Tables and figures are computed as always; the sentences between them are laid out by code."];
  return el("section", { class: "notice", "aria-labelledby": "no-key" },
    el("h2", { id: "no-key" }, "No key yet: documents are drafts"),
    el("p", {}, who),
    el("details", {}, el("summary", {}, "Get a free key in two minutes"),
      el("ol", {},
        el("li", {}, "Open ", el("a", { href: KEY_PAGE, target: "_blank", rel: "noopener noreferrer" }, "Google AI Studio"), " and press “Create API key”. No card is asked for."),
        el("li", {}, "Put the key into the file ", el("code", {}, ".env"), " beside the service: ", el("code", {}, "GEMINI_API_KEY=…")),
        el("li", {}, "Start the service again, and reload this page.")),
      el("p", { class: "small soft" }, "Two more free providers take over when the first fails; ", el("code", {}, "docs/QUICK_START.md"), " has the links.")));
}

const demo = () =>
  el("section", { class: "notice", "aria-label": "Demo" },
    el("p", {}, el("b", {}, "This is the demo. "), "Stand-ins play the providers, so the texts are made up. Break one on the ", el("a", { href: "/status" }, "Status page"), " and watch a document go around it."));

// Asks for the key again, and begins anew with it.
async function enter() {
  door.isDeclined = false;
  await json("/status").then(() => location.reload(), () => null);
}

const locked = () =>
  el("section", { class: "notice warn", "aria-label": "API key" },
    el("p", {}, el("b", {}, "This service asks for an API key. "), "You can fill the form, and what you type is kept here; writing needs the key."),
    el("button", { type: "button", onclick: enter }, "Enter the key"));

const away = (problem) => el("section", { class: "notice warn", "aria-label": "Connection" }, el("p", {}, `${problem.message} What you type is kept in this browser.`));

export async function banner(place) {
  const told = await standing;
  if (told.problem) show(place, told.problem.status === 401 ? locked() : away(told.problem));
  else if (told.demo) show(place, demo());
  else if (!told.providers.length) show(place, withoutKey(told.last_resort));
}
