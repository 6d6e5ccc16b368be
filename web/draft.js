// The draft of an idea: what the form holds, kept in the browser as it is typed, and put as the service asks for it.

const PLACE = "trimaran.draft";
const EMPTY = {
  name: "", mission: "", product: "", people: "", place: "", size: "", goals: [], sdgs: [], country: "", currency: "",
  language: "", start: "", team: [], figures: {}, call: "", kind: "roadmap", seconds: "60",
};

// The figures that a founder may give, in the order in which they are asked for.
export const FIGURES = {
  opening_cash: "Cash at the start", launch_costs: "Costs of the launch", monthly_staff_costs: "Staff costs a month",
  monthly_other_costs: "Other costs a month", price: "Price of one unit", units_per_month: "Units sold a month",
  monthly_donations: "Donations a month", grants_secured: "Grants secured", funding_sought: "Funding sought",
  grant_request: "Grant asked for", annual_budget: "Budget of a year", beneficiaries_year1: "People reached in year 1",
  beneficiaries_year3: "People reached in year 3",
};

export const draftOf = (parts = {}) => ({ ...structuredClone(EMPTY), ...parts });

export function load() {
  try {
    return draftOf(JSON.parse(localStorage.getItem(PLACE)) || {});
  } catch {
    return draftOf(); // nothing was kept, or this browser keeps nothing
  }
}

// Whether it could be kept.
export function keep(draft) {
  try {
    localStorage.setItem(PLACE, JSON.stringify(draft));
    return true;
  } catch {
    return false;
  }
}

// Whether there is enough to begin with.
export const saysSomething = (draft) => [draft.name, draft.mission, draft.product].some((text) => text.trim());

// The body of a request for the document; what is empty is left out.
export function bodyOf(draft) {
  const market = { people: draft.people, place: draft.place, size: draft.size };
  const figures = Object.entries(draft.figures).map(([name, value]) => [name, Number(value)]);
  const body = {
    idea: {
      name: draft.name.trim(),
      mission: draft.mission.trim(),
      goals: draft.goals.map((goal) => goal.trim()).filter(Boolean),
      targetMarket: Object.fromEntries(Object.entries(market).filter(([, text]) => text.trim())),
      primaryProduct: draft.product.trim(),
      sdgs: draft.sdgs,
    },
    country: draft.country,
    currency: draft.currency,
    language: draft.language,
    startDate: draft.start,
    call: draft.call.trim(),
    team: draft.team.filter((member) => member.role.trim()),
    figures: Object.fromEntries(figures.filter(([name, value]) => draft.figures[name] !== "" && Number.isFinite(value))),
    seconds: draft.kind === "pitch" ? Number(draft.seconds) : "",
  };
  const isEmpty = (value) => value === "" || (typeof value === "object" && Object.keys(value).length === 0);
  return Object.fromEntries(Object.entries(body).filter(([name, value]) => name === "idea" || !isEmpty(value)));
}
