// A notice that says what went wrong in a sentence, when it is worth trying again, and with what.

import { el } from "/web/dom.js";
import "/web/countdown.js";

const OWN_WORDS = /^Value error, /;

// The notice of *problem*; *again* (a name and what it does) is offered at once, or when the wait is over.
export function trouble(problem, again = null) {
  const wait = problem.retryAfter;
  const button = again && el("button", { type: "button", onclick: again.run, disabled: Boolean(wait) }, again.name);
  const rest = wait && [" Worth trying again in ", el("count-down", { seconds: wait, onover: () => button && (button.disabled = false) }), "."];
  return el("div", { class: "notice bad", role: "alert" }, el("p", {}, sentence(problem.message), rest), button);
}

export const sentence = (text) => {
  const plain = text.replace(OWN_WORDS, "").replaceAll(": Value error, ", " ");
  return /[.!?…]$/.test(plain) ? plain : `${plain}.`;
};
