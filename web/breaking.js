// The demo's panel: break a stand-in, send requests, and watch below how they go around it.

import { call, json } from "/web/api.js";
import { el } from "/web/dom.js";
import { trouble } from "/web/trouble.js";

const WELL = "well";
let sent = 0;

// Asks for something new each time, so that no answer comes from the cache.
async function send(count, said) {
  const numbers = Array.from({ length: count }, () => ++sent);
  said.textContent = count === 1 ? "One request is on its way." : `${count} requests are on their way.`;
  const ended = await Promise.allSettled(numbers.map((number) =>
    call("/v1/chat/completions", { body: { model: "auto", messages: [{ role: "user", content: `Request ${number} of the demo: say hello.` }] }, headers: { "Cache-Control": "no-store" } })));
  const failed = ended.filter((one) => one.status === "rejected").length;
  said.textContent = failed ? `${count - failed} of ${count} were answered. The others found nobody.` : count === 1 ? "Answered." : `All ${count} were answered.`;
}

function row({ provider, label, fault }, names, said) {
  const options = [[WELL, "Well"], ...Object.entries(names), ...(fault === "other" ? [["other", "Something else"]] : [])];
  const choice = el("select", { id: `break-${provider}` }, options.map(([name, words]) => el("option", { value: name, selected: name === (fault ?? WELL) }, words)));
  choice.addEventListener("change", async () => {
    const wanted = choice.value === WELL ? null : choice.value;
    choice.disabled = true;
    try {
      await json(`/demo/${provider}`, { method: "PUT", body: { fault: wanted } });
      said.textContent = wanted ? `${label} is broken now. Send a request.` : `${label} is well again. It is asked when its cooldown is over.`;
    } catch (problem) {
      said.replaceChildren(trouble(problem));
    } finally {
      choice.disabled = false;
      choice.focus();
    }
  });
  return el("div", { class: "field" }, el("label", { for: choice.id }, label), choice);
}

// Puts the panel into *place*; only a demo has the routes that it needs.
export async function breaking(place) {
  const { providers, faults } = await json("/demo");
  const said = el("p", { class: "small soft", role: "status" });
  const button = (words, count, kind) => {
    const own = el("button", { type: "button", class: kind, onclick: async () => {
      own.disabled = true;
      await send(count, said).finally(() => (own.disabled = false));
    } }, words);
    return own;
  };
  place.replaceChildren(el("section", { class: "card demo", "aria-labelledby": "demo-title" },
    el("h2", { id: "demo-title" }, "Break a provider"),
    el("p", { class: "small soft" }, "This is the demo: stand-ins play the providers. Break one, send a request, and see below who answers instead."),
    el("div", { class: "breakers" }, providers.map((one) => row(one, faults, said))),
    el("div", { class: "row" }, button("Send a request", 1, "main"), button("Send ten", 10, ""), said)));
}
