// The form of an idea: fields become a draft and a draft fills the fields. It knows nothing of the service.

import { FIGURES, draftOf } from "/web/draft.js";
import { by, el } from "/web/dom.js";

const TEXTS = ["name", "mission", "product", "people", "place", "size", "country", "currency", "language", "start", "call", "seconds"];
const NO_COUNTRY = new Set(["EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"]);
const FEWEST_GOALS = 2;

const form = by("idea");

// --- lines that come and go: goals, and the roles of a team

const numbered = (list, name) => {
  [...list.children].forEach((line, index) => {
    const number = index + 1;
    line.querySelectorAll("input").forEach((input) => {
      input.id = `${input.name}-${number}`;
      input.previousElementSibling.htmlFor = input.id;
      input.previousElementSibling.textContent = `${input.dataset.what || name} ${number}`;
    });
    line.querySelector("button").setAttribute("aria-label", `Remove ${name.toLowerCase()} ${number}`);
  });
};

const field = (name, what, value, shown) => [
  el("label", { class: "unseen" }),
  el("input", { name, "data-what": what, maxlength: "200", dir: "auto", value, placeholder: shown }),
];
const line = (...fields) => el("li", {}, fields, el("button", { type: "button", class: "plain drop" }, "×"));

function lines(list, name, make) {
  const add = (value, after) => {
    const fresh = make(value);
    if (after) after.after(fresh);
    else list.append(fresh);
    numbered(list, name);
    return fresh;
  };
  const drop = (gone) => {
    const next = gone.nextElementSibling || gone.previousElementSibling;
    gone.remove();
    numbered(list, name);
    (next?.querySelector("input") || by(`add-${name.toLowerCase()}`) || by("add-member")).focus();
    form.dispatchEvent(new Event("input", { bubbles: true }));
  };
  list.addEventListener("click", (event) => {
    if (event.target.closest(".drop")) drop(event.target.closest("li"));
  });
  list.addEventListener("keydown", (event) => {
    const own = event.target.closest("li");
    if (event.target.tagName !== "INPUT" || event.isComposing) return;
    if (event.key === "Enter") {
      event.preventDefault();
      add(undefined, own).querySelector("input").focus();
    } else if (event.key === "Backspace" && !event.target.value && list.children.length > 1 && own.querySelectorAll("input").length === 1) {
      event.preventDefault();
      drop(own);
    }
  });
  return { add, fill: (values) => { list.replaceChildren(); values.forEach((value) => add(value)); } };
}

const goals = lines(by("goals"), "Goal", (text = "") => line(field("goal", "Goal", text)));
const team = lines(by("team"), "Role", (member = { role: "", name: "" }) =>
  line(field("role", "Role", member.role, "Role"), field("member", "Name of role", member.name, "Name, if there is one")));

// --- lists that are long: made when they are first looked at

let areListed = false;
function list() {
  if (areListed) return;
  areListed = true;
  const letters = Array.from({ length: 26 }, (_, index) => String.fromCharCode(65 + index));
  const regions = new Intl.DisplayNames(["en"], { type: "region", fallback: "none" });
  const isCountry = (code) => !NO_COUNTRY.has(code) && regions.of(code) && new Intl.Locale(`und-${code}`).region === code;
  const codes = letters.flatMap((first) => letters.map((second) => first + second)).filter(isCountry);
  const money = new Intl.DisplayNames(["en"], { type: "currency", fallback: "none" });
  const options = (some, name) => some.map((code) => [name(code), code]).sort(([one], [other]) => one.localeCompare(other))
    .map(([shown, code]) => el("option", { value: code }, shown));
  by("country").append(...options(codes, (code) => regions.of(code)));
  by("currency").append(...options(Intl.supportedValuesOf("currency").filter((code) => money.of(code)), (code) => `${code}, ${money.of(code)}`));
}
by("details").addEventListener("toggle", list);

by("figures").append(...Object.entries(FIGURES).map(([name, label]) =>
  el("div", { class: "field" }, el("label", { for: name }, label),
    el("input", { id: name, name: "figure", type: "number", min: "0", step: "any", inputmode: "decimal" }))));

// --- the draft

const checked = (name) => [...form.querySelectorAll(`input[name="${name}"]:checked`)].map((input) => input.value);
const shown = (name) => [...form.querySelectorAll(`input[name="${name}"]`)].map((input) => input.value);

// What the form says now.
export function read() {
  const names = shown("member");
  return draftOf({
    ...Object.fromEntries(TEXTS.map((name) => [name, by(name).value])),
    goals: shown("goal"),
    team: shown("role").map((role, index) => ({ role, name: names[index] })).filter(({ role, name }) => role || name),
    figures: Object.fromEntries(Object.keys(FIGURES).map((name) => [name, by(name).value]).filter(([, value]) => value !== "")),
    sdgs: checked("sdgs"),
    kind: checked("kind")[0] || "roadmap",
  });
}

// Puts *draft* into the form.
export function fill(draft) {
  if (draft.country || draft.currency) list();
  for (const name of TEXTS) by(name).value = draft[name];
  const blank = Array(Math.max(0, FEWEST_GOALS - draft.goals.length)).fill("");
  goals.fill([...draft.goals, ...blank]);
  team.fill(draft.team.length ? draft.team : [undefined]);
  for (const name of Object.keys(FIGURES)) by(name).value = draft.figures[name] ?? "";
  for (const input of form.querySelectorAll('input[name="sdgs"]')) input.checked = draft.sdgs.includes(input.value);
  for (const input of form.querySelectorAll('input[name="kind"]')) input.checked = input.value === draft.kind;
}

// Leads to the field called *id*, whatever it is folded into.
export function lead(id) {
  const place = by(id) || by(id.split("-")[0]);
  if (!place) return;
  const folded = place.closest("details");
  if (folded) folded.open = true;
  place.scrollIntoView({ block: "center" });
  place.focus({ preventScroll: true });
}

by("add-goal").addEventListener("click", () => goals.add().querySelector("input").focus());
by("add-member").addEventListener("click", () => team.add().querySelector("input").focus());
