// The bar above a document: what is happening, how far it is, and what can be done about it.

import { by, el, show } from "/web/dom.js";
import "/web/countdown.js";
import { isOver } from "/web/run-state.js";
import { saying } from "/web/sayings.js";
import { labelOf } from "/web/standing.js";

const SOONEST_S = 1;

// What stands in small print: who is at it, or how long it waits.
function aside(state, connection) {
  if (connection === "lost") return "";
  const wait = state.waits && Math.max(0, (state.waits.until - performance.now()) / 1000);
  if (wait !== null && wait > SOONEST_S) return [el("count-down", { seconds: wait }), " to go"];
  const resumes = state.status === "paused" && state.end?.resumes_in_s;
  if (resumes > SOONEST_S) return ["Goes on in ", el("count-down", { seconds: Math.max(0, resumes - (performance.now() - state.at) / 1000), class: "resumes" })];
  const who = state.stage?.provider && `${labelOf(state.stage.provider)} · ${state.stage.model.split("/").at(-1)}`;
  const left = state.status === "running" && state.left !== null && `${state.left.toLocaleString()} calls left today`;
  return [who, left].filter(Boolean).join(" · ");
}

export class Progress {
  // *acts* has stop, goOn, anew and back.
  constructor(place, acts) {
    this.acts = acts;
    this.said = el("p", { class: "said", role: "status" });
    this.aside = el("p", { class: "aside small soft" });
    this.bar = el("progress", { max: 1, value: 0, "aria-label": "Sections written" });
    this.buttons = el("div", { class: "row acts" });
    this.title = el("h1", { id: "run-title", tabindex: "-1", dir: "auto" });
    this.shown = "";
    place.append(el("div", { class: "runbar" }, el("div", { class: "row between" }, el("div", {}, this.title), this.buttons),
      this.bar, el("div", { class: "row between happening" }, this.said, this.aside)));
  }

  show(state, connection) {
    const words = saying(state, connection);
    if (this.said.textContent !== words) this.said.textContent = words;
    const of = state.outline?.sections.length ?? 0;
    this.bar.max = Math.max(1, of);
    this.bar.value = state.status === "done" ? this.bar.max : Object.keys(state.sections).length;
    this.bar.classList.toggle("is-over", isOver(state));
    const key = JSON.stringify([state.status, connection, state.waits, state.end, state.stage?.provider, state.stage?.model, state.left]);
    if (key === this.shown) return;
    this.shown = key;
    this.aside.replaceChildren(...[aside(state, connection)].flat());
    this.aside.querySelector(".resumes")?.addEventListener("over", this.acts.goOn);
    show(this.buttons, this.#offered(state, connection).map(([words, act, kind]) => el("button", { type: "button", class: kind, "data-act": act }, words)));
  }

  #offered(state, connection) {
    const back = ["Back to the idea", "back", ""];
    if (connection === "gone") return [back];
    if (!isOver(state)) return [back, ["Stop", "stop", ""]];
    if (state.status === "done") return [back, ["Write it anew", "anew", ""]];
    return state.status === "failed" ? [back, ["Try again", "anew", "main"]] : [back, ["Go on", "goOn", "main"]];
  }

  // What a button of the bar does is looked up here, so that a button that is redrawn keeps working.
  listen() {
    this.buttons.addEventListener("click", (event) => this.acts[event.target.dataset.act]?.());
  }
}

export const focusTitle = () => by("run-title")?.focus({ preventScroll: true });
