// How a run stands, made of its events one after the other. Pure: an event and a state make the next state.

export const begun = (id) => ({
  id, status: "running", lastId: 0, plan: null, outline: null, sections: {}, stage: null, waits: null, left: null, log: [], findings: {}, score: null, end: null,
});

const OVER = { done: "done", error: "failed", paused: "paused", stopped: "stopped" };
const MOST_LOG = 200;

const told = (state, line) => ({ log: [...state.log, line].slice(-MOST_LOG) });

const STEPS = {
  plan: (state, plan) => ({ plan, status: "running", end: null, waits: null, log: [] }),
  outline: (state, outline) => ({ outline }),
  stage(state, stage) {
    if (stage.stage === "failover") return { waits: null, ...told(state, stage) };
    if (stage.stage === "asking") return { waits: null, stage: { ...state.stage, ...stage, stage: state.stage?.stage }, ...told(state, stage) };
    return { waits: null, stage: { ...stage, provider: "", model: "" }, ...told(state, stage) };
  },
  quota: (state, quota) => ({ left: quota.left_today }),
  waiting: (state, wait, at) => ({ waits: { ...wait, until: at + wait.seconds * 1000 }, ...told(state, { stage: "waiting", ...wait }) }),
  section: (state, section) => ({ sections: { ...state.sections, [section.id]: section }, waits: null, ...told(state, { stage: "section", ...section, html: "", markdown: "" }) }),
  check: (state, check) => check.section === null
    ? { findings: { all: check.findings }, score: check.score }
    : { findings: { ...state.findings, [check.section]: check.findings } },
};

// The state after an event that came at *at* (performance.now()).
export function after(state, { id, event, data }, at) {
  const body = JSON.parse(data);
  const next = STEPS[event]?.(state, body, at) ?? {};
  const over = OVER[event] ? { status: OVER[event], end: body, stage: null, waits: null, at } : {};
  return { ...state, ...next, ...over, lastId: Number(id) || state.lastId };
}

export const isOver = (state) => state.status !== "running";

// What stands wrong where: a list of findings.
export const findingsOf = (state) => state.findings.all ?? Object.values(state.findings).flat();
