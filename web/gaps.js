// What the form does not say yet, and what each thing is needed for. The ids are those of the service's own questions.

import { FIGURES } from "/web/draft.js";

const PLANS = ["roadmap", "business_plan"];
const ALL = ["roadmap", "business_plan", "proposal", "grants", "investors", "pitch"];

// The id of a question: its field, what it is called, what it is needed for, and in which documents.
const TEXTS = [
  ["name", "name", "A name", "the title, and to be remembered by", ALL],
  ["mission", "mission", "The mission", "everything else", ALL],
  ["product", "product", "What you offer", "the programme, and what it costs", ALL],
  ["people", "people", "The people you serve", "the need, and who is reached", ALL],
  ["place", "place", "The place", "sources about where you work", ALL],
  ["goal.1", "goal-1", "A goal", "milestones, and how success is measured", ALL],
  ["country", "country", "The country", "legal steps, currency and funders", ["roadmap", "business_plan", "proposal", "grants", "investors"]],
  ["market.size", "size", "How many people there are", "the reach, and whether the figures can be true", [...PLANS, "proposal"]],
  ["team.1", "role-1", "The team, by roles", "who does what", [...PLANS, "proposal"]],
  ["call", "call", "The text of the call", "a proposal in the funder's own order and limits", ["proposal"]],
];
const FINANCES = [
  ["opening_cash", "the three-year finances", PLANS],
  ["monthly_staff_costs", "the three-year finances", PLANS],
  ["monthly_other_costs", "the three-year finances", PLANS],
  ["launch_costs", "the three-year finances", PLANS],
  ["price", "the income; 0 if nothing is sold", PLANS],
  ["units_per_month", "the income; 0 if nothing is sold", PLANS],
  ["funding_sought", "the use of funds", [...PLANS, "investors"]],
  ["grant_request", "the budget of the grant", ["proposal", "grants"]],
  ["annual_budget", "whether you are the right size for a funder", ["grants"]],
  ["beneficiaries_year1", "the costs for each person", [...PLANS, "proposal"]],
];
const HAS_NUMBER = /\p{Nd}/u;

const isSaid = (draft, id) => {
  if (id === "goal.1") return draft.goals.some((goal) => goal.trim());
  if (id === "team.1") return draft.team.some((member) => member.role.trim());
  return Boolean((id === "market.size" ? draft.size : draft[id]).trim());
};

// What is missing for the document that is chosen: { field, what, why }, the most important first.
export function gapsOf(draft) {
  const gaps = [];
  for (const [id, field, what, why, kinds] of TEXTS) {
    if (kinds.includes(draft.kind) && !isSaid(draft, id)) gaps.push({ field, what, why });
  }
  draft.goals.forEach((goal, index) => {
    if (goal.trim() && !HAS_NUMBER.test(goal)) gaps.push({ field: `goal-${index + 1}`, what: `A number in goal ${index + 1}`, why: "to see whether it was reached" });
  });
  for (const [name, why, kinds] of FINANCES) {
    if (kinds.includes(draft.kind) && !draft.figures[name]) gaps.push({ field: name, what: FIGURES[name], why });
  }
  return gaps;
}

// The field of the form that answers a question of the service; null for one that no field answers.
export function fieldOf(question) {
  const [, goal] = /^goal\.(\d+)/.exec(question) || [];
  if (goal) return `goal-${goal}`;
  if (question in FIGURES) return question;
  return TEXTS.find(([id]) => id === question)?.[1] ?? null;
}
