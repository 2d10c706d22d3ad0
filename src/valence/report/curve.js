/* Learning curves: which are shown, how many labels a target takes, and the plot. */
{
  const given = read("curve-data");
  const visible = given.curves.map(() => true);

  // ------------------------------------------------------------------ names
  given.curves.forEach((curve, i) => {
    const stroke = { x1: 0, y1: 5, x2: 22, y2: 5, stroke: colour(i), "stroke-width": 2.5 };
    const line = make("svg:svg", { viewBox: "0 0 22 10", "aria-hidden": "true" },
      make("svg:line", curve.flat ? { ...stroke, "stroke-dasharray": "6 4" } : stroke));
    const button = make("button", { type: "button", "aria-pressed": "true" }, line, curve.title);
    button.addEventListener("click", () => {
      visible[i] = !visible[i];
      button.setAttribute("aria-pressed", String(visible[i]));
      draw();
    });
    $("key").append(button);
  });

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
    $("aim-list").replaceChildren(...given.curves.map((curve, i) => visible[i]
      ? make("li", {}, make("i", { style: `background:${colour(i)}` }), `${curve.title}: ${needs(i, target)}`) : null).filter(Boolean));
  }

  // ------------------------------------------------------------------ plot
  /** Draw what uses no labels: one level over all sizes. */
  function level(group, plot, curve, i) {
    const { y: [y, bottom, top], tip } = curve.points[0], { left, right, Y } = plot;
    const line = make("svg:line", { class: "level point", stroke: colour(i), x1: left, x2: right, y1: Y(y), y2: Y(y), tabindex: 0, role: "img" });
    point(line, tip);
    group.append(make("svg:rect", { class: "band", fill: colour(i), x: left, width: right - left, y: Y(top), height: Math.max(1, Y(bottom) - Y(top)) }), line);
  }
  /** Draw a rising curve with its band, its points and its seeds. */
  function rising(group, plot, curve, i) {
    const { X, Y } = plot, at = (k) => curve.points.map((p) => [X(p.x), Y(p.y[k])]);
    group.append(make("svg:path", { class: "band", fill: colour(i), d: path([...at(2), ...at(1).reverse()]) }),
      make("svg:path", { class: "line", stroke: colour(i), d: path(at(0)) }));
    for (const p of curve.points) {
      if (p.seeds.length > 1) for (const s of p.seeds) group.append(make("svg:line", { class: "seed", stroke: colour(i), x1: X(p.x) - 4, x2: X(p.x) + 4, y1: Y(s), y2: Y(s) }));
      const dot = make("svg:circle", { class: "point", cx: X(p.x), cy: Y(p.y[0]), r: 4.5, fill: colour(i), stroke: "var(--paper)", tabindex: 0, role: "img" });
      point(dot, p.tip);
      group.append(dot);
    }
  }
  function draw() {
    const curves = given.curves.map((curve, i) => [curve, i]).filter(([, i]) => visible[i]);
    const values = curves.flatMap(([curve]) => curve.points.flatMap((p) => [...p.y, ...p.seeds]));
    let low = values.length ? Math.min(...values) : 0, high = values.length ? Math.max(...values) : 1;
    const margin = Math.max(0.004, 0.05 * (high - low)), places = given.ticks.map((t) => t[0]);
    low = Math.max(0, low - margin); high = Math.min(1, high + margin);
    const first = Math.min(...places), last = Math.max(...places), side = 0.02 * (last - first);
    const plot = frame($("plot"), "Accuracy against labelled training texts", {
      x: [first - side, last + side], y: [low, high], height: (w) => Math.max(260, Math.min(460, w * 0.52)) });
    levels(plot, percents(round(low, high, 8)));
    steps(plot, given.ticks, { title: "labelled training texts" });
    for (const [curve, i] of curves) {
      const group = make("svg:g", {});
      (curve.flat ? level : rising)(group, plot, curve, i);
      plot.svg.append(group);
    }
    if (!$("aim").hidden) {
      const target = Number(slider.value) / 100;
      if (target >= low && target <= high) plot.svg.append(make("svg:line", { class: "target", x1: plot.left, x2: plot.right, y1: plot.Y(target), y2: plot.Y(target) }));
      aim();
    }
    $("plot").replaceChildren(plot.svg);
  }

  const means = lines.flat().filter((p) => p.x !== null).map((p) => 100 * p.y[0]);
  if (means.length > 1) {
    slider.min = Math.floor(Math.min(...means));
    slider.max = Math.ceil(Math.max(...means));
    slider.value = given.targets.length ? 100 * given.targets[0] : (Number(slider.min) + Number(slider.max)) / 2;
    slider.addEventListener("input", draw);
    $("aim").hidden = false;
  }
  drawn(draw);
}
