// Making elements without HTML in strings: text stays text, whatever it holds.

export function el(name, properties = {}, ...children) {
  const element = name.startsWith("svg:")
    ? document.createElementNS("http://www.w3.org/2000/svg", name.slice(4))
    : document.createElement(name);
  for (const [property, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (property.startsWith("on")) element.addEventListener(property.slice(2), value);
    else if (property in element && !name.startsWith("svg:") && typeof value !== "string") element[property] = value;
    else element.setAttribute(property, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const by = (id) => document.getElementById(id);

// Replaces what is in *place* only if the new content differs, so that nothing jumps and focus stays.
export function show(place, ...children) {
  const fresh = el("div", {}, ...children);
  if (place.innerHTML !== fresh.innerHTML) place.replaceChildren(...fresh.childNodes);
}

export const seconds = (value) =>
  value === null || value === undefined ? "–"
    : value < 1 ? `${Math.round(value * 1000)} ms`
    : value < 60 ? `${value.toFixed(value < 10 && !Number.isInteger(value) ? 1 : 0)} s`
    : value < 3600 ? `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`
    : `${Math.floor(value / 3600)} h ${Math.round((value % 3600) / 60)} min`;

export const minute = (epoch) => new Date(epoch * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

export const clock = (epoch) =>
  new Date(epoch * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
