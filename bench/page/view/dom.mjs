/** Making elements. */

export const byId = (id) => document.getElementById(id);

/** An element with properties, among them `class`, `data` and attributes with a hyphen, and children: elements or text. */
export function element(name, { class: className, data, ...properties } = {}, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  Object.assign(made.dataset, data);
  for (const [property, value] of Object.entries(properties)) {
    if (property.includes("-") || property === "role") made.setAttribute(property, value);
    else made[property] = value;
  }
  made.append(...children);
  return made;
}

/** Shows an element or not. */
export function show(target, isShown) {
  target.hidden = !isShown;
}

/** The id of a case, which may break after its dots. */
export function caseId(id) {
  const parts = id.split(/(?<=\.)(?=.)/);
  return element("code", {}, ...parts.flatMap((part, i) => (i === 0 ? [part] : [element("wbr"), part])));
}
