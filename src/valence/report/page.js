/* The board's table: what is shown, in which order, with which details; all of it stands in the address behind the #. */
const board = read("data");
/** What the filters let through; parts of the page redraw themselves when it changes. */
const shown = { rows: board.rows.map(() => true), listeners: [], changed() { this.listeners.forEach((each) => each()); } };
/** The choices that the address keeps. */
const state = { family: "", size: "", q: "", front: "", seeds: "", sort: "", cost: "", open: "" };
let show = () => {};

const link = (id) => `runs/${encodeURIComponent(id)}.html`;
function keep() {
  const said = new URLSearchParams(Object.entries(state).filter(([, value]) => value)).toString();
  try { history.replaceState(null, "", said ? `#${said}` : location.pathname + location.search); } catch { /* some browsers forbid it for files */ }
  document.querySelectorAll("a.sibling").forEach((a) => { a.href = a.href.split("#")[0] + (said ? `#${said}` : ""); });
}
function recall() {
  const said = location.hash.includes("=") ? new URLSearchParams(location.hash.slice(1)) : new URLSearchParams();
  for (const key of Object.keys(state)) state[key] = said.get(key) || "";
}

function table() {
  const body = document.querySelector(".board tbody");
  const heads = [...document.querySelectorAll(".board thead th")];
  const lines = [...body.querySelectorAll("tr")];
  const details = new Map(), seeds = new Map();
  const words = (text) => text.split(",").filter(Boolean);

  // ------------------------------------------------------------------ order
  function value(line, column) {
    const text = line.children[column].dataset.v;
    if (text === "") return null;
    const number = Number(text);
    return Number.isNaN(number) ? text.toLowerCase() : number;
  }
  function compare(a, b) {
    if (typeof a === "number" && typeof b === "number") return a - b;
    return typeof a === typeof b ? a.localeCompare(b) : typeof a === "number" ? -1 : 1;
  }
  function sort() {
    const descending = state.sort.startsWith("-"), name = state.sort.replace("-", "") || "rank";
    const column = Math.max(0, heads.findIndex((head) => head.dataset.name === name)), sign = descending ? -1 : 1;
    const known = lines.filter((line) => value(line, column) !== null);
    const unknown = lines.filter((line) => value(line, column) === null); // last either way
    known.sort((a, b) => sign * compare(value(a, column), value(b, column)) || a.dataset.i - b.dataset.i);
    for (const line of [...known, ...unknown]) body.append(line, ...(seeds.get(line) || []), ...(details.has(line) ? [details.get(line)] : []));
    heads.forEach((head, i) => {
      if (i === column) head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
  }
  heads.forEach((head) => head.querySelector("button").addEventListener("click", () => {
    const now = head.getAttribute("aria-sort"), down = now ? now === "ascending" : head.dataset.better === "higher";
    state.sort = `${down ? "-" : ""}${head.dataset.name}`.replace(/^rank$/, "");
    sort(); keep();
  }));

  // ------------------------------------------------------------------ filters
  function fits(line) {
    const families = words(state.family);
    return state.q.toLowerCase().split(/\s+/).filter(Boolean).every((word) => line.dataset.find.includes(word))
      && (!families.length || families.includes(line.dataset.family))
      && (!state.size || state.size === line.dataset.size) && (!state.front || "front" in line.dataset);
  }
  function filter() {
    for (const line of lines) {
      const i = Number(line.dataset.i);
      line.hidden = !(shown.rows[i] = fits(line));
      if (details.has(line)) details.get(line).hidden = line.hidden || !isOpen(line);
      (seeds.get(line) || []).forEach((each) => { each.hidden = line.hidden; });
    }
    document.querySelectorAll("[data-of]").forEach((cell) => { cell.hidden = !cell.dataset.of.split(" ").every((i) => shown.rows[i]); });
    const count = shown.rows.filter(Boolean).length;
    $("count").textContent = count === lines.length ? "" : `${count} of ${lines.length} rows`;
    shown.changed();
  }
  function choose(key, text) { state[key] = text; filter(); keep(); }
  const chips = [...document.querySelectorAll("#filters [data-family]")];
  $("filter").addEventListener("input", (event) => choose("q", event.target.value));
  $("front").addEventListener("change", (event) => choose("front", event.target.checked ? "1" : ""));
  $("size").addEventListener("change", (event) => choose("size", event.target.value));
  $("seeds").addEventListener("change", (event) => { state.seeds = event.target.checked ? "each" : ""; eachSeed(); filter(); keep(); });
  chips.forEach((chip) => chip.addEventListener("click", () => {
    const now = words(state.family), name = chip.dataset.family;
    choose("family", (now.includes(name) ? now.filter((each) => each !== name) : [...now, name]).join(","));
    press();
  }));
  const press = () => chips.forEach((chip) => chip.setAttribute("aria-pressed", String(words(state.family).includes(chip.dataset.family))));
  $("clear").addEventListener("click", () => { for (const key of ["family", "size", "q", "front", "seeds"]) state[key] = ""; keep(); all(); });
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !/INPUT|SELECT|TEXTAREA/.test(document.activeElement.tagName)) { event.preventDefault(); $("filter").focus(); }
  });

  // ------------------------------------------------------------------ a row's seeds, and its details
  function seedLine(row, [seed, accuracy, id, low, high, fit, speed]) {
    const cells = { preset: make("a", { href: link(id) }, `seed ${seed}`), fit_seconds: fit, texts_per_second: speed, seeds: "" };
    return make("tr", { class: "each" }, ...heads.map((head) => {
      const name = head.dataset.name, cell = make(name === "preset" ? "th" : "td", { class: `c-${name}` }, cells[name] || "");
      if (name === "accuracy") cell.append(make("span", { class: "acc" }, make("span", {}, accuracy), make("span", { class: "ci" }, `${low}–${high}`)));
      return cell;
    }));
  }
  function eachSeed() {
    for (const line of lines) {
      (seeds.get(line) || []).forEach((each) => each.remove());
      const row = board.rows[line.dataset.i];
      seeds.set(line, state.seeds === "each" && row.seeds.length > 1 ? row.seeds.map((each) => seedLine(row, each)) : []);
      line.after(...seeds.get(line));
    }
  }
  const isOpen = (line) => line.querySelector(".open").getAttribute("aria-expanded") === "true";
  function facts(pairs) {
    const list = make("dl");
    for (const [term, text] of pairs) list.append(make("dt", {}, term), make("dd", {}, text));
    return list;
  }
  function detail(row) {
    const inside = make("div", { class: "inside" });
    inside.append(make("div", {}, make("h3", {}, "Reliability"), reliability(row.name, row.curve, row.scaled, board.labels.length)));
    const figures = row.intervals.map(([name, at, low, high, unit]) => [name, `${at}${unit && " " + unit} (${low} to ${high})`]);
    const runs = row.seeds.map(([seed, accuracy, id]) => [`seed ${seed}: ${accuracy} %`, make("a", { href: link(id) }, id)]);
    inside.append(make("div", {}, make("h3", {}, "Figures with 95 % interval"), facts(figures), make("h3", { class: "gap" }, "A page per run"), facts(runs)));
    inside.append(make("div", {}, make("h3", {}, "Row"), facts(row.facts)));
    if (row.commands.length) inside.append(make("div", { class: "whole" }, make("h3", {}, "Run it again"), make("pre", {}, row.commands.join("\n"))));
    return make("tr", { class: "detail" }, make("td", { class: "whole-cell", colspan: heads.length }, inside));
  }
  function toggle(line, open = !isOpen(line)) {
    line.querySelector(".open").setAttribute("aria-expanded", String(open));
    if (open && !details.has(line)) {
      details.set(line, detail(board.rows[line.dataset.i]));
      (seeds.get(line)?.at(-1) || line).after(details.get(line));
    }
    if (details.has(line)) details.get(line).hidden = !open || line.hidden;
    state.open = lines.filter(isOpen).map((each) => each.dataset.key).join(",");
  }
  lines.forEach((line) => line.querySelector(".open").addEventListener("click", () => { toggle(line); keep(); }));
  show = (index) => {
    const line = lines.find((each) => Number(each.dataset.i) === index);
    if (line.hidden) $("clear").click();
    toggle(line, true); keep();
    line.scrollIntoView({ block: "center" });
    line.querySelector(".open").focus({ preventScroll: true });
  };
  document.querySelectorAll("[data-open]").forEach((card) => card.addEventListener("click", (event) => { event.preventDefault(); show(Number(card.dataset.open)); }));

  // ------------------------------------------------------------------ all of it, from the address
  function all() {
    $("filter").value = state.q; $("front").checked = Boolean(state.front); $("seeds").checked = state.seeds === "each";
    $("size").value = state.size;
    if ($("size").selectedIndex < 0) $("size").value = state.size = ""; // a size that another data set's board has
    const open = words(state.open);
    press(); eachSeed();
    lines.forEach((line) => { if (open.includes(line.dataset.key) !== isOpen(line)) toggle(line, !isOpen(line)); });
    sort(); filter();
  }
  $("filters").hidden = false;
  recall(); all();
  const first = words(state.open).length ? lines.find((line) => isOpen(line) && !line.hidden) : null;
  if (first) first.scrollIntoView({ block: "center" });
  // a link inside the page replaces what stood behind the #: the browser has scrolled already, so the choices go back there
  addEventListener("hashchange", () => { if (location.hash.includes("=")) { recall(); all(); } else keep(); });
}
if (board.rows.length) table();
