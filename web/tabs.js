// Tabs: one panel of several is shown; arrow keys go from one to the next.

import { el } from "/web/dom.js";

// *names* is { id: words }. Gives { element, panel(id), choose(id), note(id, words) }.
export function tabs(names, label) {
  const ids = Object.keys(names);
  const tab = Object.fromEntries(ids.map((id) => [id, el("button", { type: "button", role: "tab", id: `tab-${id}`, "aria-controls": `panel-${id}`, onclick: () => choose(id, true) }, names[id])]));
  const panel = Object.fromEntries(ids.map((id) => [id, el("div", { role: "tabpanel", id: `panel-${id}`, tabindex: "0", "aria-labelledby": `tab-${id}` })]));
  const list = el("div", { role: "tablist", "aria-label": label, class: "tablist" }, ids.map((id) => tab[id]));
  const tools = {
    element: el("div", { class: "tabs" }, list, ids.map((id) => panel[id])),
    isChosen: false, // by the visitor
    panel: (id) => panel[id],
    choose,
    note: (id, words) => (tab[id].textContent = words ? `${names[id]} ${words}` : names[id]),
  };
  function choose(id, byHand = false) {
    tools.isChosen ||= byHand;
    for (const other of ids) {
      tab[other].setAttribute("aria-selected", String(other === id));
      tab[other].tabIndex = other === id ? 0 : -1;
      panel[other].hidden = other !== id;
    }
  }
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = ids[(ids.findIndex((id) => tab[id].tabIndex === 0) + step + ids.length) % ids.length];
    choose(next, true);
    tab[next].focus();
  });
  choose(ids[0]);
  return tools;
}
