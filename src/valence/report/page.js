"use strict";
(() => {
  const board = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const SVG = "http://www.w3.org/2000/svg";
  const COLORS = ["--accent", "--warm", "--green", "--violet", "--red"];

  /** Make an element; text is always set as text, never as markup. */
  function make(tag, attributes = {}, ...children) {
    const svg = tag.startsWith("svg:");
    const node = svg ? document.createElementNS(SVG, tag.slice(4)) : document.createElement(tag);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    for (const child of children) if (child !== null) node.append(child);
    return node;
  }

  // ------------------------------------------------------------------ theme
  const themes = ["auto", "light", "dark"];
  const kept = () => { try { return localStorage.getItem("valence-theme") || "auto"; } catch { return "auto"; } };
  function setTheme(name) {
    if (name === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = name;
    $("theme").textContent = `Theme: ${name}`;
    try { localStorage.setItem("valence-theme", name); } catch { /* a file opened from disk may have no storage */ }
  }
  $("theme").hidden = false;
  setTheme(themes.includes(kept()) ? kept() : "auto");
  $("theme").addEventListener("click", () => setTheme(themes[(themes.indexOf(kept()) + 1) % 3]));

  if (!board.rows.length) return;

  // ------------------------------------------------------------------ table: sort, filter, details
  const body = document.querySelector(".board tbody");
  const heads = [...document.querySelectorAll(".board thead th")];
  const lines = [...body.querySelectorAll("tr")];
  const details = new Map();

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
  function sortBy(column, descending) {
    const sign = descending ? -1 : 1;
    const known = lines.filter((line) => value(line, column) !== null);
    const unknown = lines.filter((line) => value(line, column) === null); // last either way
    known.sort((a, b) => sign * compare(value(a, column), value(b, column)) || a.dataset.i - b.dataset.i);
    for (const line of [...known, ...unknown]) {
      body.append(line);
      if (details.has(line)) body.append(details.get(line));
    }
    heads.forEach((head, i) => {
      if (i === column) head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
  }
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const now = head.getAttribute("aria-sort");
    sortBy(column, now ? now === "ascending" : head.dataset.better === "higher");
  }));

  function filter() {
    const words = $("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const line of lines) {
      const fits = words.every((word) => line.dataset.find.includes(word)) && (!$("front").checked || "front" in line.dataset);
      line.hidden = !fits;
      if (details.has(line)) details.get(line).hidden = !fits || !isOpen(line);
      shown += fits;
    }
    $("count").textContent = shown === lines.length ? "" : `${shown} of ${lines.length} rows`;
  }
  $("filter").addEventListener("input", filter);
  $("front").addEventListener("change", filter);

  const isOpen = (line) => line.querySelector(".open").getAttribute("aria-expanded") === "true";
  function facts(pairs) {
    const list = make("dl");
    for (const [term, text] of pairs) list.append(make("dt", {}, term), make("dd", {}, text));
    return list;
  }
  function detail(row) {
    const inside = make("div", { class: "inside" });
    inside.append(make("div", {}, make("h3", {}, "Reliability"), reliability(row)));
    const figures = row.intervals.map(([name, at, low, high, unit]) => [name, `${at}${unit && " " + unit} (${low} to ${high})`]);
    inside.append(make("div", {}, make("h3", {}, "Figures with 95 % interval"), facts(figures),
      make("h3", { style: "margin-top:14px" }, "By seed"), facts(row.seeds.map(([seed, accuracy, id]) => [`seed ${seed}: ${accuracy} %`, id]))));
    inside.append(make("div", {}, make("h3", {}, "Row"), facts(row.facts)));
    if (row.commands.length) inside.append(make("div", { class: "whole" }, make("h3", {}, "Run it again"), make("pre", {}, row.commands.join("\n"))));
    return make("tr", { class: "detail" }, make("td", { class: "whole-cell", colspan: heads.length }, inside));
  }
  function toggle(line, open = !isOpen(line)) {
    line.querySelector(".open").setAttribute("aria-expanded", String(open));
    if (open && !details.has(line)) {
      details.set(line, detail(board.rows[line.dataset.i]));
      line.after(details.get(line));
    }
    if (details.has(line)) details.get(line).hidden = !open;
  }
  lines.forEach((line) => line.querySelector(".open").addEventListener("click", () => toggle(line)));
  function show(index) {
    const line = lines.find((each) => Number(each.dataset.i) === index);
    $("filter").value = ""; $("front").checked = false; filter();
    toggle(line, true);
    line.scrollIntoView({ block: "center" });
    line.querySelector(".open").focus({ preventScroll: true });
  }
  document.querySelectorAll("[data-open]").forEach((card) => card.addEventListener("click", (event) => {
    event.preventDefault(); show(Number(card.dataset.open));
  }));

  // ------------------------------------------------------------------ tooltip
  const tip = $("tip");
  function point(node, text) {
    const at = (x, y) => {
      tip.textContent = text; tip.hidden = false;
      const box = tip.getBoundingClientRect();
      tip.style.left = `${Math.max(8, Math.min(x + 14, innerWidth - box.width - 8))}px`;
      tip.style.top = `${y + 18 + box.height > innerHeight ? y - box.height - 12 : y + 18}px`;
    };
    node.addEventListener("pointermove", (event) => at(event.clientX, event.clientY));
    node.addEventListener("focus", () => { const box = node.getBoundingClientRect(); at(box.right, box.top); });
    for (const gone of ["pointerleave", "blur"]) node.addEventListener(gone, () => { tip.hidden = true; });
    node.setAttribute("aria-label", text.replaceAll("\n", ", "));
  }

  // ------------------------------------------------------------------ reliability diagrams
  function reliability(row) {
    const [confidence, accuracy, counts] = row.curve;
    const size = 200, pad = 28, low = 1 / Math.max(board.labels.length, 2);
    const bottom = Math.min(low, ...accuracy);
    const x = (v) => pad + ((v - low) / (1 - low)) * (size - pad - 6);
    const y = (v) => size - pad - ((v - bottom) / (1 - bottom)) * (size - pad - 6);
    const total = counts.reduce((sum, each) => sum + each, 0);
    const svg = make("svg:svg", { viewBox: `0 0 ${size} ${size}`, role: "img" });
    svg.append(make("svg:title", {}, `${row.name}: accuracy by confidence`));
    for (const v of [0, 0.2, 0.4, 0.6, 0.8, 1]) {
      const label = v.toFixed(1);
      if (v >= bottom) svg.append(make("svg:line", { class: "gridline", x1: pad, x2: size - 6, y1: y(v), y2: y(v) }), make("svg:text", { x: pad - 5, y: y(v) + 4, "text-anchor": "end" }, label));
      if (v >= low) svg.append(make("svg:text", { x: x(v), y: size - pad + 15, "text-anchor": "middle" }, label));
    }
    svg.append(make("svg:line", { class: "ideal", x1: x(low), y1: y(low), x2: x(1), y2: y(1) }));
    svg.append(make("svg:path", { class: "curve", d: confidence.map((c, i) => `${i ? "L" : "M"}${x(c).toFixed(1)},${y(accuracy[i]).toFixed(1)}`).join("") }));
    confidence.forEach((c, i) => {
      const dot = make("svg:circle", { class: "dot", cx: x(c).toFixed(1), cy: y(accuracy[i]).toFixed(1), r: (2 + 6 * Math.sqrt(counts[i] / total)).toFixed(1) });
      point(dot, `confidence ${(100 * c).toFixed(1)} %\nright ${(100 * accuracy[i]).toFixed(1)} %\n${counts[i].toLocaleString("en")} answers`);
      svg.append(dot);
    });
    return svg;
  }
  for (const row of board.rows.slice(0, 12)) {
    $("reliability").append(make("figure", {}, make("figcaption", { title: row.name }, row.name, make("span", {}, `  ECE ${row.ece} %`)), reliability(row)));
  }

  // ------------------------------------------------------------------ accuracy against cost
  const clock = (s) => s < 60 ? `${trim(s)} s` : s < 3600 ? `${trim(s / 60)} min` : `${trim(s / 3600)} h`;
  const trim = (v) => v >= 10 ? Math.round(v).toString() : String(Number(v.toPrecision(2)));
  const count = (v) => v >= 1e9 ? `${trim(v / 1e9)}B` : v >= 1e6 ? `${trim(v / 1e6)}M` : v >= 1e3 ? `${trim(v / 1e3)}k` : trim(v);
  const bytes = (v) => v >= 1e9 ? `${trim(v / 1e9)} GB` : v >= 1e6 ? `${trim(v / 1e6)} MB` : `${trim(v / 1e3)} kB`;
  const CLOCK = [0.001, 0.01, 0.1, 1, 10, 60, 600, 3600, 36000, 360000];
  const FINE = [0.001, 0.01, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 18000, 36000];
  const AXES = [
    { name: "time to fit (less is better)", show: clock, more: false },
    { name: "texts per second (more is better)", show: count, more: true },
    { name: "trainable parameters", show: count, more: false },
    { name: "peak memory", show: bytes, more: false },
  ];
  const devices = [...new Set(board.rows.filter((row) => row.cost.some((c) => c !== null)).map((row) => row.device))].sort();
  const color = (device) => `var(${COLORS[Math.max(0, devices.indexOf(device)) % COLORS.length]})`;

  function ticks(low, high, axis) {
    const fine = high / low < 100;
    if (axis.show === clock) return (fine ? FINE : CLOCK).filter((t) => t >= low && t <= high);
    const found = [];
    for (let e = -3; e < 13; e++) for (const d of fine ? [1, 2, 5] : [1]) found.push(d * 10 ** e);
    return found.filter((t) => t >= low && t <= high);
  }
  function front(points, more) {
    const best = [];
    for (const p of [...points].sort((a, b) => (more ? b.cost - a.cost : a.cost - b.cost) || b.accuracy - a.accuracy)) {
      if (!best.length || p.accuracy > best.at(-1).accuracy) best.push(p);
    }
    return best;
  }
  function scatter(which) {
    const axis = AXES[which];
    const width = Math.max(300, Math.min(1220, $("scatter").clientWidth - 28)), height = width < 560 ? 320 : 420;
    const left = 46, right = 16, top = 12, bottom = 42;
    const points = board.rows.map((row, i) => ({ row, i, cost: row.cost[which], accuracy: row.accuracy[0] })).filter((p) => p.cost !== null && p.cost > 0);
    $("scatter").replaceChildren();
    if (!points.length) { $("scatter").append(make("p", { class: "muted" }, "No row has this cost.")); return; }
    let low = Math.min(...points.map((p) => p.cost)), high = Math.max(...points.map((p) => p.cost));
    const margin = Math.max(Math.pow(high / low, 0.06), 1.5); low /= margin; high *= margin;
    const [floor, ceiling] = board.window;
    const x = (v) => left + (Math.log(v / low) / Math.log(high / low)) * (width - left - right);
    const y = (v) => height - bottom - ((Math.max(v, floor) - floor) / (ceiling - floor)) * (height - top - bottom - 10) - 5;
    const svg = make("svg:svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": `Accuracy against ${axis.name}` });
    const step = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1].find((s) => (ceiling - floor) / s <= 7) || 0.2;
    for (let k = Math.ceil(floor / step); k * step <= ceiling; k++) {
      const v = k * step;
      svg.append(make("svg:line", { class: "gridline", x1: left, x2: width - right, y1: y(v), y2: y(v) }), make("svg:text", { x: left - 7, y: y(v) + 4, "text-anchor": "end" }, (100 * v).toFixed(step < 0.01 ? 1 : 0)));
    }
    for (const t of ticks(low, high, axis)) {
      svg.append(make("svg:line", { class: "gridline", x1: x(t), x2: x(t), y1: top, y2: height - bottom }), make("svg:text", { x: x(t), y: height - bottom + 17, "text-anchor": "middle" }, axis.show(t)));
    }
    svg.append(make("svg:text", { x: width - right, y: height - 5, "text-anchor": "end" }, axis.name), make("svg:text", { x: 2, y: 9 }, "accuracy, %"));
    const best = new Set();
    for (const device of devices) {
      const line = front(points.filter((p) => p.row.device === device && p.accuracy >= floor), axis.more);
      line.forEach((p) => best.add(p));
      svg.append(make("svg:path", { class: "front", stroke: color(device), d: line.map((p, i) => `${i ? "L" : "M"}${x(p.cost).toFixed(1)},${y(p.accuracy).toFixed(1)}`).join("") }));
    }
    for (const p of points) {
      const below = p.accuracy < floor, cx = x(p.cost), cy = y(p.accuracy);
      const shape = below ? make("svg:path", { d: `M${cx - 5},${cy - 4}h10l-5,8z` }) : make("svg:circle", { cx, cy, r: 5.5 });
      shape.setAttribute("class", "point"); shape.setAttribute("stroke", color(p.row.device));
      shape.setAttribute("fill", best.has(p) ? color(p.row.device) : "var(--paper)");
      shape.setAttribute("role", "button"); shape.setAttribute("tabindex", best.has(p) ? "0" : "-1");
      const [mean, from, to] = p.row.accuracy.map((v) => (100 * v).toFixed(2));
      point(shape, `${p.row.name}\n${mean} % (${from} to ${to})\n${axis.show(p.cost)}${p.row.device ? " on " + p.row.device : ""}`);
      shape.addEventListener("click", () => show(p.i));
      shape.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); show(p.i); } });
      svg.append(shape);
    }
    $("scatter").append(svg);
    names(svg, points, best, x, y, floor, { left, right: width - right, top: 0, bottom: height - bottom });
  }
  /** Write names beside points where they cover nothing; rows on the front first. */
  function names(svg, points, best, x, y, floor, area) {
    const spots = points.map((p) => ({ x: x(p.cost), y: y(p.accuracy) })), taken = [];
    for (const p of [...points].sort((a, b) => best.has(b) - best.has(a) || b.accuracy - a.accuracy)) {
      const cx = x(p.cost), cy = y(p.accuracy);
      const full = p.row.name.length > 26 ? p.row.name.slice(0, 25) + "…" : p.row.name;
      const text = make("svg:text", { class: "label", "pointer-events": "none" }, p.accuracy < floor ? `${full} (${(100 * p.accuracy).toFixed(1)})` : full);
      svg.append(text);
      const w = text.getComputedTextLength(), h = 12;
      const places = [[9, 4], [-9 - w, 4], [9, -6], [-9 - w, -6], [9, 14], [-9 - w, 14], [-w / 2, -10], [-w / 2, 19]];
      const free = places.map(([dx, dy]) => ({ x0: cx + dx, x1: cx + dx + w, y0: cy + dy - h + 2, y1: cy + dy + 3 })).find((box) =>
        box.x0 >= area.left && box.x1 <= area.right && box.y0 >= area.top && box.y1 <= area.bottom &&
        !taken.some((t) => box.x0 < t.x1 && box.x1 > t.x0 && box.y0 < t.y1 && box.y1 > t.y0) &&
        !spots.some((s) => s.x > box.x0 - 5 && s.x < box.x1 + 5 && s.y > box.y0 - 4 && s.y < box.y1 + 4));
      if (!free) { text.remove(); continue; }
      text.setAttribute("x", free.x0); text.setAttribute("y", free.y1 - 3);
      taken.push(free);
    }
  }
  const choices = [...$("axis").querySelectorAll("button")];
  let chosen = 0;
  function choose(which) {
    chosen = which;
    choices.forEach((button, i) => button.setAttribute("aria-pressed", String(i === which)));
    scatter(which);
  }
  choices.forEach((button, i) => {
    button.hidden = !board.rows.some((row) => row.cost[i] !== null);
    button.addEventListener("click", () => choose(i));
  });
  if (devices.length > 1) $("devices").append(...devices.map((d) => make("span", {}, make("i", { style: `background:${color(d)}` }), d || "device unknown")));
  choose(0);
  let width = innerWidth;
  addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; scatter(chosen); } });

  // ------------------------------------------------------------------ confidently wrong
  function wrong(index) {
    $("wrong-list").replaceChildren(...board.rows[index].wrong.map(([id, label, answer, confidence, rating, text]) => make("li", {},
      make("div", { class: "head" }, make("code", {}, id), make("span", { class: "muted" }, rating && `rated ${rating}/10`),
        make("span", {}, `says ${answer}, ${confidence} % sure; labelled ${label}`)),
      text ? make("p", {}, text) : null)));
    if (!board.rows[index].wrong.length) $("wrong-list").append(make("li", {}, "Nothing: every answer is right."));
  }
  $("wrong-row").addEventListener("change", (event) => wrong(Number(event.target.value)));
  wrong(0);
})();
