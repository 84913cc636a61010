/** Choosing cases, peers and effort. */

import { estimate, presets } from "../model.mjs";
import { absentPeers, peers } from "../peers.mjs";
import { byId, caseId, element, show } from "./dom.mjs";

const matches = ({ id, title }, text) => `${id} ${title}`.toLowerCase().includes(text.toLowerCase());

function caseItem(each, choice) {
  const { id, title, reason } = each;
  const box = element("input", { type: "checkbox", disabled: reason !== undefined, checked: choice.has(id) });
  box.addEventListener("change", () => choice.set([each], box.checked));
  const about = element("span", { class: "quiet small" }, reason === undefined ? title : `${title}: ${reason}`);
  const label = element("label", {}, box, element("span", {}, caseId(id), about));
  return { each, box, item: element("li", { class: reason === undefined ? "" : "absent" }, label) };
}

/** One group: a box for all of its cases, and a list of them that is made when it is opened. */
function groupItem({ letter, title, cases }, choice) {
  const runnable = cases.filter(({ reason }) => reason === undefined);
  const box = element("input", { type: "checkbox", disabled: runnable.length === 0 });
  const count = element("span", { class: "count quiet small" });
  const list = element("ul", { class: "cases" });
  const details = element("details", {}, element("summary", { "aria-label": `Cases of ${letter}` }, count), list);
  const reason = runnable.length > 0 ? "" : cases[0].reason;
  const name = element("span", {}, element("b", {}, letter), ` ${title}`);
  if (reason !== "") name.append(element("span", { class: "quiet small" }, ` — ${reason}`));
  const item = element("li", { class: reason === "" ? "" : "absent" }, element("label", {}, box, name), details);
  let text = "";
  let entries = [];
  box.addEventListener("change", () =>
    choice.set(
      cases.filter((each) => matches(each, text)),
      box.checked,
    ),
  );

  const fill = () => {
    if (!details.open || entries.length > 0) return;
    entries = cases.map((each) => caseItem(each, choice));
    list.replaceChildren(...entries.map((entry) => entry.item));
    find(text);
  };
  details.addEventListener("toggle", fill);

  const update = () => {
    const chosen = runnable.filter(({ id }) => choice.has(id)).length;
    box.checked = chosen > 0 && chosen === runnable.length;
    box.indeterminate = chosen > 0 && chosen < runnable.length;
    count.textContent = runnable.length === 0 ? `${cases.length} cases` : `${chosen} of ${runnable.length}`;
    for (const { each, box: own } of entries) own.checked = choice.has(each.id);
  };
  const find = (wanted) => {
    text = wanted;
    const isFound = cases.some((each) => matches(each, text));
    show(item, isFound);
    if (text !== "" && isFound) {
      details.open = true;
      fill();
    }
    for (const { each, item: own } of entries) show(own, matches(each, text));
  };
  return { item, update, find };
}

function drawPeers() {
  const items = peers.map(({ name, about }, i) => {
    const box = element("input", {
      type: "checkbox",
      name: "peer",
      value: name,
      checked: i === 0 || i === peers.length - 1,
    });
    const text = element("span", {}, `${name} `, element("span", { class: "quiet small" }, about));
    return element("li", {}, element("label", {}, box, text));
  });
  byId("peers").replaceChildren(...items);
  const absent = absentPeers.map(({ name, reason }) =>
    element("div", {}, element("dt", {}, name), element("dd", { class: "quiet" }, reason)),
  );
  byId("absent").replaceChildren(...absent);
}

/** Draws the form. `onRun` gets `{ ids, peers, isQuick }`. */
export function drawSetup(catalogue, choice, onRun) {
  const form = byId("setup");
  drawPeers();
  const buttons = presets.map((preset) => {
    const button = element("button", { type: "button" }, preset.name);
    button.addEventListener("click", () => choice.choose(preset));
    return button;
  });
  byId("presets").replaceChildren(...buttons);
  const groups = catalogue.map((group) => groupItem(group, choice));
  byId("groups").replaceChildren(...groups.map(({ item }) => item));
  const filter = byId("filter");
  filter.addEventListener("input", () => {
    for (const group of groups) group.find(filter.value.trim());
  });
  const isQuick = () => new FormData(form).get("effort") === "quick";

  const update = () => {
    const { length } = choice.ids;
    for (const group of groups) group.update();
    for (const [i, preset] of presets.entries())
      buttons[i].setAttribute("aria-pressed", String(preset === choice.preset));
    byId("preset-about").textContent = choice.preset?.about ?? "cases chosen by hand";
    byId("chosen").textContent = `${length} chosen`;
    byId("estimate").textContent = length === 0 ? "Choose a case" : estimate(length, isQuick());
    byId("run").disabled = length === 0;
  };
  choice.addEventListener("change", update);
  form.addEventListener("change", update);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    onRun({ ids: choice.ids, peers: new FormData(form).getAll("peer"), isQuick: isQuick() });
  });
  update();
}

/** While a run goes on, what is chosen stays as it is. */
export function setRunning(isRunning) {
  for (const fieldset of byId("setup").querySelectorAll("fieldset")) fieldset.disabled = isRunning;
  byId("run").disabled = isRunning;
  // Later: the key that started a run must not cancel it as well, nor the one that cancelled it start another.
  setTimeout(() => {
    if (byId("run").disabled !== isRunning) return;
    if (isRunning) byId("cancel").focus();
    else if (document.activeElement === document.body) byId("run").focus({ preventScroll: true });
  }, 200);
}
