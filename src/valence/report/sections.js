/* The board's sections under the table: cost, calibration, errors. Each shows the rows that the filters let through. */
function cost() {
  const trim = (v) => v >= 10 ? Math.round(v).toString() : String(Number(v.toPrecision(2)));
  const clock = (s) => s < 60 ? `${trim(s)} s` : s < 3600 ? `${trim(s / 60)} min` : `${trim(s / 3600)} h`;
  const count = (v) => v >= 1e9 ? `${trim(v / 1e9)}B` : v >= 1e6 ? `${trim(v / 1e6)}M` : v >= 1e3 ? `${trim(v / 1e3)}k` : trim(v);
  const bytes = (v) => v >= 1e9 ? `${trim(v / 1e9)} GB` : v >= 1e6 ? `${trim(v / 1e6)} MB` : `${trim(v / 1e3)} kB`;
  const CLOCK = [0.001, 0.01, 0.1, 1, 10, 60, 600, 3600, 36000, 360000];
  const FINE = [0.001, 0.01, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 18000, 36000];
  const AXES = [
    { key: "fit", name: "time to fit (less is better)", show: clock, more: false },
    { key: "speed", name: "texts per second (more is better)", show: count, more: true },
    { key: "size", name: "trainable parameters", show: count, more: false },
    { key: "memory", name: "peak memory", show: bytes, more: false },
  ];
  const devices = [...new Set(board.rows.filter((row) => row.cost.some((c) => c !== null)).map((row) => row.device))].sort();
  const hue = (device) => colour(Math.max(0, devices.indexOf(device)) % 5);

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
  function mark(p, axis, filled, plot, floor) {
    const below = p.accuracy < floor, cx = plot.X(p.cost), cy = plot.Y(Math.max(p.accuracy, floor));
    const shape = below ? make("svg:path", { d: `M${cx - 5},${cy - 4}h10l-5,8z` }) : make("svg:circle", { cx, cy, r: 5.5 });
    const look = { class: "point", stroke: hue(p.row.device), fill: filled ? hue(p.row.device) : "var(--paper)", role: "button", tabindex: filled ? "0" : "-1" };
    for (const [key, value] of Object.entries(look)) shape.setAttribute(key, value);
    const [mean, from, to] = p.row.accuracy.map((v) => (100 * v).toFixed(2));
    point(shape, `${p.row.name}\n${mean} % (${from} to ${to})\n${axis.show(p.cost)}${p.row.device ? " on " + p.row.device : ""}`);
    shape.addEventListener("click", () => show(p.i));
    shape.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); show(p.i); } });
    return shape;
  }
  function scatter(which) {
    const axis = AXES[which], box = $("scatter"), [floor, ceiling] = board.window;
    const points = board.rows.map((row, i) => ({ row, i, cost: row.cost[which], accuracy: row.accuracy[0] })).filter((p) => shown.rows[p.i] && p.cost !== null && p.cost > 0);
    box.replaceChildren();
    if (!points.length) { box.append(make("p", { class: "muted" }, "No row shown has this cost.")); return; }
    const costs = points.map((p) => p.cost), margin = Math.max(Math.pow(Math.max(...costs) / Math.min(...costs), 0.06), 1.5);
    const ends = [Math.min(...costs) / margin, Math.max(...costs) * margin];
    const plot = frame(box, `Accuracy against ${axis.name}`, { x: ends, y: [floor, ceiling], log: true, height: (w) => w < 560 ? 320 : 420, at: { top: 18, bottom: 46 } });
    levels(plot, percents(round(floor, ceiling)));
    steps(plot, ticks(...ends, axis).map((t) => [t, axis.show(t)]), { lines: true });
    plot.svg.append(make("svg:text", { x: plot.right, y: plot.height - 5, "text-anchor": "end" }, axis.name), make("svg:text", { x: 2, y: 9 }, "accuracy, %"));
    const best = new Set();
    for (const device of devices) {
      const line = front(points.filter((p) => p.row.device === device && p.accuracy >= floor), axis.more);
      line.forEach((p) => best.add(p));
      plot.svg.append(make("svg:path", { class: "front", stroke: hue(device), d: path(line.map((p) => [plot.X(p.cost), plot.Y(p.accuracy)])) }));
    }
    plot.svg.append(...points.map((p) => mark(p, axis, best.has(p), plot, floor)));
    box.append(plot.svg);
    names(plot, points, best, floor);
  }
  /** Write names beside points where they cover nothing; rows on the front first. */
  function names(plot, points, best, floor) {
    const at = (p) => [plot.X(p.cost), plot.Y(Math.max(p.accuracy, floor))];
    const spots = points.map(at), taken = [];
    for (const p of [...points].sort((a, b) => best.has(b) - best.has(a) || b.accuracy - a.accuracy)) {
      const [cx, cy] = at(p), full = p.row.name.length > 26 ? p.row.name.slice(0, 25) + "…" : p.row.name;
      const text = make("svg:text", { class: "label", "pointer-events": "none" }, p.accuracy < floor ? `${full} (${(100 * p.accuracy).toFixed(1)})` : full);
      plot.svg.append(text);
      const w = text.getComputedTextLength(), h = 12;
      const places = [[9, 4], [-9 - w, 4], [9, -6], [-9 - w, -6], [9, 14], [-9 - w, 14], [-w / 2, -10], [-w / 2, 19]];
      const free = places.map(([dx, dy]) => ({ x0: cx + dx, x1: cx + dx + w, y0: cy + dy - h + 2, y1: cy + dy + 3 })).find((box) =>
        box.x0 >= plot.left && box.x1 <= plot.right && box.y0 >= 0 && box.y1 <= plot.bottom &&
        !taken.some((t) => box.x0 < t.x1 && box.x1 > t.x0 && box.y0 < t.y1 && box.y1 > t.y0) &&
        !spots.some(([x, y]) => x > box.x0 - 5 && x < box.x1 + 5 && y > box.y0 - 4 && y < box.y1 + 4));
      if (!free) { text.remove(); continue; }
      text.setAttribute("x", free.x0); text.setAttribute("y", free.y1 - 3);
      taken.push(free);
    }
  }
  const choices = [...$("axis").querySelectorAll("button")];
  function redraw() {
    const which = Math.max(0, AXES.findIndex((axis) => axis.key === state.cost));
    choices.forEach((button, i) => button.setAttribute("aria-pressed", String(i === which)));
    scatter(which);
  }
  choices.forEach((button, i) => {
    button.hidden = !board.rows.some((row) => row.cost[i] !== null);
    button.addEventListener("click", () => { state.cost = i ? AXES[i].key : ""; keep(); redraw(); });
  });
  if (devices.length > 1) $("devices").append(...devices.map((d) => make("span", {}, make("i", { style: `background:${hue(d)}` }), d || "device unknown")));
  shown.listeners.push(redraw);
  drawn(redraw);
}

function diagrams() {
  const most = 12;
  function redraw() {
    const rows = board.rows.filter((_, i) => shown.rows[i]).slice(0, most);
    $("reliability").replaceChildren(...rows.map((row) => make("figure", {},
      make("figcaption", { title: row.name }, row.name, make("span", {}, `  ECE ${row.ece} %${row.ece_after ? ` → ${row.ece_after} %` : ""}`)),
      reliability(row.name, row.curve, row.scaled, board.labels.length))));
    if (!rows.length) $("reliability").append(make("p", { class: "muted" }, "No row is shown."));
  }
  shown.listeners.push(redraw);
  redraw();
}

function wrong() {
  const select = $("wrong-row");
  function list() {
    const { wrong: texts } = board.rows[select.value] || { wrong: [] };
    $("wrong-list").replaceChildren(...texts.map(([id, label, answer, confidence, rating, text]) => make("li", {},
      make("div", { class: "head" }, make("code", {}, id), make("span", { class: "muted" }, rating && `rated ${rating}/10`),
        make("span", {}, `says ${answer}, ${confidence} % sure; labelled ${label}`)),
      text ? make("p", {}, text) : null)));
    if (!texts.length) $("wrong-list").append(make("li", {}, "Nothing: every answer is right."));
  }
  function redraw() {
    const options = [...select.options];
    options.forEach((option) => { option.hidden = option.disabled = !shown.rows[option.value]; });
    if (select.selectedOptions[0]?.disabled) select.value = (options.find((option) => !option.disabled) || options[0]).value;
    list();
  }
  select.addEventListener("change", list);
  shown.listeners.push(redraw);
  redraw();
}
if (board.rows.length) { cost(); diagrams(); wrong(); }
