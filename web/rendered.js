// A document's HTML, as the service renders it, becomes elements: only those that a document has. The one place that takes HTML.

const ELEMENTS = new Set(`article section header h1 h2 h3 h4 h5 h6 p ul ol li blockquote pre code em strong s br hr a span time
  table caption thead tbody tfoot tr th td div figure figcaption details summary
  svg title desc rect circle line polyline polygon text g path`.split(/\s+/));
const ATTRIBUTES = new Set(`class id lang dir scope role datetime start colspan rowspan aria-hidden aria-labelledby aria-label
  viewBox x y x1 y1 x2 y2 cx cy r rx ry width height points d fill stroke stroke-width stroke-dasharray font-size font-weight
  text-anchor direction`.split(/\s+/));
const ADDRESS = /^https?:\/\//i;
const MARK = /^#S\d{1,3}$/;

const policy = globalThis.trustedTypes?.createPolicy("rendered", { createHTML: (html) => html });

// HTML is read into a document of its own, where nothing runs and nothing is fetched.
const read = (html) => new DOMParser().parseFromString(policy ? policy.createHTML(html) : html, "text/html").body;

// The elements of *html*.
export const elementsOf = (html) => [...read(html).childNodes].map(copied).filter(Boolean);

// A whole document taken apart: the HTML of its sections by their ids, and the elements that stand after them.
export function takenApart(html) {
  const inert = read(html);
  const sections = [...inert.querySelectorAll(".document > .section")].map((section) => [section.id.replace(/^section-/, ""), section.outerHTML]);
  const rest = [...inert.querySelectorAll(".document > .questions, .document > .sources")].map(copied);
  return { sections: Object.fromEntries(sections), rest };
}

function copied(node) {
  if (node.nodeType === Node.TEXT_NODE) return document.createTextNode(node.data);
  if (node.nodeType !== Node.ELEMENT_NODE || !ELEMENTS.has(node.localName)) return null;
  const href = node.localName === "a" ? node.getAttribute("href") || "" : "";
  const element = MARK.test(href) ? mark(href.slice(1)) : document.createElementNS(node.namespaceURI, node.localName);
  for (const { name, value } of node.attributes) {
    if (ATTRIBUTES.has(name)) element.setAttribute(name, value);
  }
  if (ADDRESS.test(href)) {
    element.setAttribute("href", href);
    element.setAttribute("target", "_blank");
    element.setAttribute("rel", "noopener noreferrer nofollow");
  }
  if (element.classList.contains("table-frame")) element.tabIndex = 0; // a wide table is scrolled by keyboard, too
  element.append(...[...node.childNodes].map(copied).filter(Boolean));
  return element;
}

// The mark of a source opens it.
function mark(name) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.source = name;
  button.setAttribute("aria-haspopup", "dialog");
  button.setAttribute("aria-label", `Source ${name}`);
  return button;
}
