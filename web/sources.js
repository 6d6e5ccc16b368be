// Sources: a card that opens at the mark in the sentence, and the list of them all.

import { el, show } from "/web/dom.js";

const TIERS = { official: "official", academic: "academic", established: "established", other: "not rated" };

const card = el("div", { id: "source", popover: "auto", role: "dialog", "aria-label": "Source", class: "source-card" });
document.body.append(card);

let references = new Map();

// A reader sees a source's place in the list, as in every file.
const numbered = (list) => list.map((reference, place) => ({ ...reference, number: place + 1 }));

export function setSources(list) {
  references = new Map(numbered(list).map((reference) => [reference.mark, reference]));
}

const isAddress = (url) => /^https?:\/\//i.test(url);
const day = (text) => (text ? new Date(text).toLocaleDateString([], { day: "numeric", month: "long", year: "numeric" }) : "");

function host(url) {
  try {
    return new URL(url).hostname.replace(/^www\./, "");
  } catch {
    return "";
  }
}

const link = (reference) => isAddress(reference.url)
  ? el("a", { href: reference.url, target: "_blank", rel: "noopener noreferrer nofollow", dir: "auto" }, reference.title || reference.url)
  : el("span", { dir: "auto" }, reference.title || reference.mark);

function body(reference) {
  const read = day(reference.fetched_at);
  return [
    el("p", { class: "small soft row" }, el("b", {}, `[${reference.number}]`), el("span", { class: `tier ${reference.tier}` }, TIERS[reference.tier] ?? reference.tier), el("span", {}, host(reference.url))),
    el("p", {}, link(reference)),
    reference.snippet && el("blockquote", { class: "small", dir: "auto" }, reference.snippet),
    read && el("p", { class: "small soft" }, `Read on ${read}.`),
  ];
}

// Opens the source whose mark is at *button*.
export function openSource(button) {
  const reference = references.get(button.dataset.source);
  show(card, reference ? body(reference) : el("p", {}, "This source is not in the list."),
    el("button", { type: "button", class: "plain small", onclick: () => card.hidePopover() }, "Close"));
  card.showPopover({ source: button });
  const at = button.getBoundingClientRect();
  const [width, height] = [card.offsetWidth, card.offsetHeight];
  const below = at.bottom + 6 + height < innerHeight || at.top < height;
  card.style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
  card.style.top = `${Math.max(8, Math.min(below ? at.bottom + 6 : at.top - height - 6, innerHeight - height - 8))}px`;
  (card.querySelector("a") || card.querySelector("button")).focus();
}

// The list of all, with how often each is cited in *paper*.
export function showSources(place, list, paper) {
  if (!list.length) return show(place, el("p", { class: "soft small" }, "No source was found, or none was looked for. Sentences that would need one say so."));
  const times = (mark) => paper.querySelectorAll(`[data-source="${CSS.escape(mark)}"]`).length;
  const cited = (count) => (count ? `cited ${count === 1 ? "once" : `${count} times`}` : "not cited");
  show(place, el("ul", { class: "plain-list" }, numbered(list).map((reference) => el("li", {}, body(reference).slice(0, 2), el("p", { class: "small soft" }, cited(times(reference.mark)))))));
}
