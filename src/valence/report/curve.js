"use strict";
(() => {
  const given = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const SVG = "http://www.w3.org/2000/svg";
  const COLORS = ["--accent", "--warm", "--green", "--violet", "--red", "--teal", "--ochre", "--soft"];
  const color = (i) => `var(${COLORS[i % COLORS.length]})`;
  const shown = given.curves.map(() => true);

  /** Make an element; text is always set as text, never as markup. */
  function make(tag, attributes = {}, ...children) {
    const node = tag.startsWith("svg:") ? document.createElementNS(SVG, tag.slice(4)) : document.createElement(tag);
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

  // ------------------------------------------------------------------ names
  given.curves.forEach((curve, i) => {
    const stroke = { x1: 0, y1: 5, x2: 22, y2: 5, stroke: color(i), "stroke-width": 2.5 };
    const line = make("svg:svg", { viewBox: "0 0 22 10", "aria-hidden": "true" },
      make("svg:line", curve.flat ? { ...stroke, "stroke-dasharray": "6 4" } : stroke));
    const button = make("button", { type: "button", "aria-pressed": "true" }, line, curve.title);
    button.addEventListener("click", () => {
      shown[i] = !shown[i];
      button.setAttribute("aria-pressed", String(shown[i]));
      draw();
    });
    $("key").append(button);
  });

  // ------------------------------------------------------------------ tooltip
  function tip(node, text) {
    const place = (x, y) => {
      const box = $("tip");
      box.textContent = text;
      box.hidden = false;
      box.style.left = `${Math.max(8, Math.min(x + 14, innerWidth - box.offsetWidth - 8))}px`;
      box.style.top = `${y + 16 + box.offsetHeight > innerHeight ? y - box.offsetHeight - 12 : y + 16}px`;
    };
    node.addEventListener("pointermove", (event) => place(event.clientX, event.clientY));
    node.addEventListener("focus", () => { const b = node.getBoundingClientRect(); place(b.right, b.bottom); });
    for (const leave of ["pointerleave", "blur"]) node.addEventListener(leave, () => { $("tip").hidden = true; });
  }

  // ------------------------------------------------------------------ labels needed
  const slider = $("target");
  const lines = given.curves.map((curve) => curve.points.filter((p) => p.known));
  const size = (n) => Math.round(n).toLocaleString("en");

  /** Where the straight lines over log2 N first meet the target; null where they do not. */
  function crossing(points, target) {
    for (let i = 0; i < points.length; i++) {
      if (points[i].y[0] < target) continue;
      if (i === 0) return points[0].x;
      const share = (target - points[i - 1].y[0]) / (points[i].y[0] - points[i - 1].y[0]);
      return points[i - 1].x + share * (points[i].x - points[i - 1].x);
    }
    return null;
  }
  function needs(i, target) {
    const curve = given.curves[i];
    if (curve.flat) return curve.points[0].y[0] >= target ? "none" : "not reached";
    if (!lines[i].length) return "size unknown";
    const x = crossing(lines[i], target);
    if (x === null) return "not reached";
    return `${x === lines[i][0].x ? "≤ " : ""}${size(2 ** x)}`;
  }
  function aim() {
    const target = Number(slider.value) / 100;
    $("target-value").textContent = Number(slider.value).toFixed(1);
    $("aim-list").replaceChildren(...given.curves.map((curve, i) => shown[i]
      ? make("li", {}, make("i", { style: `background:${color(i)}` }), `${curve.title}: ${needs(i, target)}`) : null).filter(Boolean));
  }

  // ------------------------------------------------------------------ plot
  function draw() {
    const visible = given.curves.map((curve, i) => [curve, i]).filter(([, i]) => shown[i]);
    const width = Math.max(280, $("plot").clientWidth - 28), height = Math.max(260, Math.min(460, width * 0.52));
    const at = { left: 44, right: 14, top: 12, bottom: 40 };
    const values = visible.flatMap(([curve]) => curve.points.flatMap((p) => [...p.y, ...p.seeds]));
    let low = Math.min(...values), high = Math.max(...values);
    if (!values.length) { low = 0; high = 1; }
    const margin = Math.max(0.004, 0.05 * (high - low));
    low = Math.max(0, low - margin); high = Math.min(1, high + margin);
    const first = Math.min(...given.ticks.map((t) => t[0])), last = Math.max(...given.ticks.map((t) => t[0]));
    const X = (x) => at.left + 10 + (x - first) / Math.max(last - first, 1e-9) * (width - at.left - at.right - 20);
    const Y = (y) => at.top + (high - y) / (high - low) * (height - at.top - at.bottom);
    const svg = make("svg:svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Accuracy against labelled training texts" });

    const step = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2].find((s) => (high - low) / s <= 8) || 0.2;
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9; k++) {
      svg.append(make("svg:line", { class: "gridline", x1: at.left, x2: width - at.right, y1: Y(k * step), y2: Y(k * step) }),
        make("svg:text", { x: at.left - 7, y: Y(k * step) + 4, "text-anchor": "end" }, (100 * k * step).toFixed(step < 0.01 ? 1 : 0)));
    }
    let free = -Infinity;
    for (const [x, name] of given.ticks) {
      const half = 3.2 * name.length + 3;
      if (X(x) - half < free && x !== last) continue; // names that would touch the one before
      free = X(x) + half;
      svg.append(make("svg:text", { x: Math.min(X(x), width - half), y: height - at.bottom + 17, "text-anchor": "middle" }, name));
    }
    svg.append(make("svg:text", { x: (at.left + width) / 2, y: height - 4, "text-anchor": "middle" }, "labelled training texts"));

    for (const [curve, i] of visible) {
      const group = make("svg:g", {}), points = curve.points;
      if (curve.flat) {
        const [y, bottom, top] = points[0].y;
        group.append(make("svg:rect", { class: "band", fill: color(i), x: at.left, width: width - at.left - at.right, y: Y(top), height: Math.max(1, Y(bottom) - Y(top)) }));
        const level = make("svg:line", { class: "level point", stroke: color(i), x1: at.left, x2: width - at.right, y1: Y(y), y2: Y(y), tabindex: 0, role: "img", "aria-label": points[0].tip });
        tip(level, points[0].tip);
        group.append(level);
      } else {
        const over = points.map((p) => `${X(p.x)},${Y(p.y[2])}`), under = points.map((p) => `${X(p.x)},${Y(p.y[1])}`).reverse();
        group.append(make("svg:polygon", { class: "band", fill: color(i), points: [...over, ...under].join(" ") }),
          make("svg:polyline", { class: "line", stroke: color(i), points: points.map((p) => `${X(p.x)},${Y(p.y[0])}`).join(" ") }));
        for (const p of points) {
          if (p.seeds.length > 1) for (const s of p.seeds) group.append(make("svg:line", { class: "seed", stroke: color(i), x1: X(p.x) - 4, x2: X(p.x) + 4, y1: Y(s), y2: Y(s) }));
          const dot = make("svg:circle", { class: "point", cx: X(p.x), cy: Y(p.y[0]), r: 4.5, fill: color(i), stroke: "var(--paper)", tabindex: 0, role: "img", "aria-label": p.tip });
          tip(dot, p.tip);
          group.append(dot);
        }
      }
      svg.append(group);
    }
    if (!$("aim").hidden) {
      const target = Number(slider.value) / 100;
      if (target >= low && target <= high) svg.append(make("svg:line", { class: "target", x1: at.left, x2: width - at.right, y1: Y(target), y2: Y(target) }));
      aim();
    }
    $("plot").replaceChildren(svg);
  }

  const means = lines.flat().filter((p) => p.x !== null).map((p) => 100 * p.y[0]);
  if (means.length > 1) {
    slider.min = Math.floor(Math.min(...means));
    slider.max = Math.ceil(Math.max(...means));
    slider.value = given.targets.length ? 100 * given.targets[0] : (Number(slider.min) + Number(slider.max)) / 2;
    slider.addEventListener("input", draw);
    $("aim").hidden = false;
  }
  let before = innerWidth;
  addEventListener("resize", () => { if (innerWidth !== before) { before = innerWidth; draw(); } });
  draw();
})();
