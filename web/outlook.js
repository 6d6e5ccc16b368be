// What the document will take, told before it begins: calls, what is left today, until when, and what would change that.

import { json, Problem } from "/web/api.js";
import { bodyOf, saysSomething } from "/web/draft.js";
import { el, minute, seconds, show } from "/web/dom.js";

const SETTLED_MS = 600; // after the last change

let asked = ""; // the body whose outlook is shown
let timer = null;
let asking = null;

const calls = (number) => (number === 1 ? "1 call" : `${number.toLocaleString()} calls`);

const CHANGES = {
  pacing_quota: (done) => ["With ", el("code", {}, "PACING=quota"), `: ${done}.`],
  another_key: (done) => [`With a key of one more provider: ${done}.`],
};

function pace(plan) {
  if (plan.interval_s > 0) return `one call in ${seconds(plan.interval_s)} to each of ${plan.providers} ${plan.providers === 1 ? "provider" : "providers"}`;
  return "as fast as the providers allow";
}

function facts(plan) {
  const { expected, most, kept } = plan.calls;
  if (plan.is_draft) return [["Calls", "none", "no key: computed, with drafted sentences"], ["Done", "in about a minute", ""]];
  if (!expected) return [["Calls", "none", `${calls(kept)} kept from before`], ["Done", "at once", ""]];
  const more = [most > expected && `up to ${most} if checks find something`, kept && `${kept} kept from before`].filter(Boolean).join("; ");
  const done = plan.done_in_s === null ? "not within a week" : `in about ${seconds(plan.done_in_s)}`;
  const at = plan.done_in_s === null ? "" : plan.done_in_s < 60 ? pace(plan) : `at ${minute(Date.parse(plan.done_at) / 1000)}, ${pace(plan)}`;
  return [["Calls", String(expected), more], ["Left today", plan.left_today === null ? "no limit" : plan.left_today.toLocaleString(), ""], ["Done", done, at]];
}

function told(plan) {
  const rows = facts(plan).map(([name, value, note]) =>
    el("div", {}, el("dt", {}, name), el("dd", {}, el("b", { class: "number" }, value), note && el("span", { class: "soft small" }, note))));
  const short = !plan.fits_today && !plan.is_draft &&
    el("p", { class: "small warn" }, "More than is left today. It pauses when the day is used up, and goes on tomorrow from where it was.");
  const advice = plan.advice.map(({ change, done_in_s }) => el("li", {}, CHANGES[change](`about ${seconds(done_in_s)}`)));
  return [el("dl", {}, rows), short, advice.length > 0 && el("ul", { class: "small soft advice" }, advice)];
}

const say = (text) => el("p", { class: "small soft" }, text);

// Shows in *place* what *draft* will take, when nothing has changed for a moment.
export function lookAhead(draft, place) {
  clearTimeout(timer);
  if (!saysSomething(draft)) {
    asked = "";
    return show(place, say("Say what the idea is, and here stands what the document will take."));
  }
  const body = bodyOf(draft);
  const wanted = `${draft.kind} ${JSON.stringify(body)}`;
  if (wanted === asked) return;
  timer = setTimeout(() => look(draft.kind, body, wanted, place), asked ? SETTLED_MS : 0);
}

// Asks again the next time, whatever has changed.
export const forgetOutlook = () => (asked = "");

async function look(kind, body, wanted, place) {
  asking?.abort();
  const own = (asking = new AbortController());
  asked = wanted;
  place.setAttribute("aria-busy", "true");
  try {
    show(place, told(await json(`/documents/${kind}/plan`, { body, signal: own.signal })));
  } catch (problem) {
    if (problem.name === "AbortError") return;
    asked = "";
    const words = problem.status === 401 ? "What it will take is told when there is an API key." : problem instanceof Problem ? problem.message : String(problem);
    show(place, say(problem.status === 422 ? `Something in the form cannot be read. ${words}` : words));
  } finally {
    if (asking === own) place.removeAttribute("aria-busy");
  }
}
