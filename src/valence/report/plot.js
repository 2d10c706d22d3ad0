"use strict";
/* What every page shares: elements, theme, tooltip, state in the address, scales. It stands before the page's own part in one script. */
const SVG = "http://www.w3.org/2000/svg";
const COLORS = ["--accent", "--warm", "--green", "--violet", "--red", "--teal", "--ochre", "--soft"];
const $ = (id) => document.getElementById(id);
const read = (id) => JSON.parse($(id).textContent);
const colour = (i) => `var(${COLORS[i % COLORS.length]})`;

/** Make an element; text is always set as text, never as markup. */
function make(tag, attributes = {}, ...children) {
  const node = tag.startsWith("svg:") ? document.createElementNS(SVG, tag.slice(4)) : document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  for (const child of children) if (child !== null) node.append(child);
  return node;
}

// -------------------------------------------------------------------- theme
function kept() { try { return localStorage.getItem("valence-theme") || "auto"; } catch { return "auto"; } }
function setTheme(name) {
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  $("theme").textContent = `Theme: ${name}`;
  $("theme").dataset.now = name;
  try { localStorage.setItem("valence-theme", name); } catch { /* a file opened from disk may have no storage */ }
}
{
  const themes = ["auto", "light", "dark"];
  $("theme").hidden = false;
  setTheme(themes.includes(kept()) ? kept() : "auto");
  $("theme").addEventListener("click", () => setTheme(themes[(themes.indexOf($("theme").dataset.now) + 1) % 3]));
}

// -------------------------------------------------------------------- tooltip
/** Show `text` beside a node while the pointer or the focus is on it, and name the node by it. */
function point(node, text) {
  const place = (x, y) => {
    const box = $("tip");
    box.textContent = text;
    box.hidden = false;
    box.style.left = `${Math.max(8, Math.min(x + 14, innerWidth - box.offsetWidth - 8))}px`;
    box.style.top = `${y + 18 + box.offsetHeight > innerHeight ? y - box.offsetHeight - 12 : y + 18}px`;
  };
  node.addEventListener("pointermove", (event) => place(event.clientX, event.clientY));
  node.addEventListener("focus", () => { const box = node.getBoundingClientRect(); place(box.right, box.top); });
  for (const gone of ["pointerleave", "blur"]) node.addEventListener(gone, () => { $("tip").hidden = true; });
  node.setAttribute("aria-label", text.replaceAll("\n", ", "));
}
addEventListener("keydown", (event) => { if (event.key === "Escape") $("tip").hidden = true; });

// -------------------------------------------------------------------- scales
/** Call `draw` now and whenever the page's width changes. */
function drawn(draw) {
  let before = innerWidth;
  addEventListener("resize", () => { if (innerWidth !== before) { before = innerWidth; draw(); } });
  draw();
}

/** Return round numbers between two ends, at most about `most` of them. */
function round(low, high, most = 7) {
  const power = 10 ** Math.floor(Math.log10((high - low || 1) / most));
  const step = power * ([1, 2, 5].find((k) => (high - low) / (k * power) <= most) || 10);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(Number((k * step).toPrecision(12)));
  return found;
}
/** Write shares as percentages, with a decimal where neighbours would read alike. */
const percents = (ticks) => ticks.map((v) => [v, (100 * v).toFixed(ticks.length > 1 && ticks[1] - ticks[0] < 0.0099 ? 1 : 0)]);

/** Return an empty plot as wide as its box, with scales from `x` and `y` (pairs of ends) to pixels. */
function frame(box, label, { x, y, height = (w) => 0.5 * w, at = {}, log = false, role = "group" }) {
  const room = { left: 46, right: 16, top: 14, bottom: 40, ...at };
  const width = Math.max(260, box.clientWidth - 28), tall = Math.round(height(width)), flat = log ? Math.log : (v) => v;
  const X = (v) => room.left + (flat(v) - flat(x[0])) / (flat(x[1]) - flat(x[0]) || 1) * (width - room.left - room.right);
  const Y = (v) => tall - room.bottom - (v - y[0]) / (y[1] - y[0] || 1) * (tall - room.top - room.bottom);
  const svg = make("svg:svg", { viewBox: `0 0 ${width} ${tall}`, role, "aria-label": label });
  return { svg, X, Y, width, height: tall, left: room.left, right: width - room.right, top: room.top, bottom: tall - room.bottom };
}

/** Draw the lines of the y axis; `ticks` are pairs of value and name. */
function levels(plot, ticks) {
  for (const [v, name] of ticks) {
    plot.svg.append(make("svg:line", { class: "gridline", x1: plot.left, x2: plot.right, y1: plot.Y(v), y2: plot.Y(v) }),
      make("svg:text", { x: plot.left - 7, y: plot.Y(v) + 4, "text-anchor": "end" }, name));
  }
}
/** Name places of the x axis, with lines where asked; a name that would touch the one before is left out. */
function steps(plot, ticks, { lines = false, title = "" } = {}) {
  let free = -Infinity;
  for (const [v, name] of ticks) {
    const half = 3.2 * name.length + 3, x = plot.X(v);
    if (lines) plot.svg.append(make("svg:line", { class: "gridline", x1: x, x2: x, y1: plot.top, y2: plot.bottom }));
    if (x - half < free) continue;
    free = x + half;
    plot.svg.append(make("svg:text", { x: Math.min(x, plot.width - half), y: plot.bottom + 17, "text-anchor": "middle" }, name));
  }
  if (title) plot.svg.append(make("svg:text", { x: (plot.left + plot.right) / 2, y: plot.height - 4, "text-anchor": "middle" }, title));
}
/** Return the path through points given in pixels. */
const path = (points) => points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)},${y.toFixed(1)}`).join("");

// -------------------------------------------------------------------- reliability diagram
/** Draw accuracy within bins of confidence; a calibrated classifier lies on the diagonal. After temperature scaling it is drawn dashed. */
function reliability(name, curve, scaled, labels) {
  const size = 200, pad = 28, low = 1 / Math.max(labels, 2);
  const bottom = Math.min(low, ...curve[1], ...(scaled ? scaled[1] : []));
  const x = (v) => pad + ((v - low) / (1 - low)) * (size - pad - 6);
  const y = (v) => size - pad - ((v - bottom) / (1 - bottom)) * (size - pad - 6);
  const svg = make("svg:svg", { viewBox: `0 0 ${size} ${size}`, role: "group", "aria-label": `${name}: accuracy by confidence` });
  for (const v of [0, 0.2, 0.4, 0.6, 0.8, 1]) {
    const label = v.toFixed(1);
    if (v >= bottom) svg.append(make("svg:line", { class: "gridline", x1: pad, x2: size - 6, y1: y(v), y2: y(v) }), make("svg:text", { x: pad - 5, y: y(v) + 4, "text-anchor": "end" }, label));
    if (v >= low) svg.append(make("svg:text", { x: x(v), y: size - pad + 15, "text-anchor": "middle" }, label));
  }
  svg.append(make("svg:line", { class: "ideal", x1: x(low), y1: y(low), x2: x(1), y2: y(1) }));
  for (const [kind, found] of [["before", curve], ["after", scaled]]) {
    if (!found) continue;
    const [confidence, accuracy, counts] = found, total = counts.reduce((sum, each) => sum + each, 0);
    svg.append(make("svg:path", { class: `curve ${kind}`, d: path(confidence.map((c, i) => [x(c), y(accuracy[i])])) }));
    confidence.forEach((c, i) => {
      const dot = make("svg:circle", { class: `dot ${kind}`, role: "img", cx: x(c).toFixed(1), cy: y(accuracy[i]).toFixed(1), r: (2 + 6 * Math.sqrt(counts[i] / total)).toFixed(1) });
      point(dot, `${kind === "after" ? "after temperature scaling\n" : ""}confidence ${(100 * c).toFixed(1)} %\nright ${(100 * accuracy[i]).toFixed(1)} %\n${counts[i].toLocaleString("en")} answers`);
      svg.append(dot);
    });
  }
  return svg;
}
