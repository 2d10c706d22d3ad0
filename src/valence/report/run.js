/* One run: its history, its reliability, and how its probabilities are spread. */
{
  const run = read("data");
  const figure = (v) => v === null ? "not finite" : Math.abs(v) >= 100 ? v.toFixed(0) : String(Number(v.toPrecision(4)));

  // ------------------------------------------------------------------ history
  /** Draw the series of one kind over the steps; what was not finite is crossed at the top. */
  function course(box, series, kind) {
    const values = series.flatMap((s) => s.points.map((p) => p[1])).filter((v) => v !== null);
    // losses and shares of one training share their steps; a pretraining has its own
    const phase = (s) => s.kind === "pretraining";
    const every = run.history.filter((s) => phase(s) === phase(series[0])).flatMap((s) => s.points.map((p) => p[0])), ends = [Math.min(...every), Math.max(...every)];
    let low = values.length ? Math.min(...values) : 0, high = values.length ? Math.max(...values) : 1;
    const margin = 0.05 * (high - low) || 0.01;
    const plot = frame(box, `${kind} by training step`, { x: ends, y: [low - margin, high + margin], height: (w) => Math.max(210, Math.min(320, w * 0.5)) });
    const ticks = round(low - margin, high + margin, 6);
    levels(plot, kind !== "accuracy" ? ticks.map((v) => [v, String(v)]) : percents(ticks));
    steps(plot, round(...ends, 6).map((v) => [v, v.toLocaleString("en")]), { title: "training step" });
    for (const s of series) {
      const i = run.history.indexOf(s), known = s.points.filter((p) => p[1] !== null), few = known.length <= 40;
      plot.svg.append(make("svg:path", { class: "line", stroke: colour(i), d: path(known.map(([x, y]) => [plot.X(x), plot.Y(y)])) }));
      if (few) for (const [x, y] of known) {
        const dot = make("svg:circle", { class: "point plain-dot", cx: plot.X(x), cy: plot.Y(y), r: s.valid ? 4 : 2.2, fill: colour(i), stroke: "var(--paper)", role: "img", ...(s.valid ? { tabindex: 0 } : {}) });
        point(dot, `${s.name}\n${kind !== "accuracy" ? figure(y) : (100 * y).toFixed(2) + " %"}\nstep ${x.toLocaleString("en")}`);
        plot.svg.append(dot);
      }
      for (const [x] of s.points.filter((p) => p[1] === null)) {
        const cross = make("svg:path", { class: "broken", role: "img", tabindex: 0, d: `M${plot.X(x) - 5},${plot.top - 5}l10,10m0,-10l-10,10` });
        point(cross, `${s.name} is not finite at step ${x.toLocaleString("en")}`);
        plot.svg.append(cross);
      }
    }
    box.replaceChildren(plot.svg);
  }
  for (const [id, kind, title] of [["losses", "loss", "loss"], ["shares", "share", "accuracy"], ["before", "pretraining", "pretraining loss"]]) {
    if (!$(id)) continue;
    const series = run.history.filter((s) => s.kind === kind);
    series.forEach((s) => $(`${id}-key`).append(make("span", {}, make("i", { style: `background:${colour(run.history.indexOf(s))}` }), s.name)));
    drawn(() => course($(id), series, title));
  }

  // ------------------------------------------------------------------ calibration, and where the probabilities lie
  if ($("reliability")) $("reliability").append(reliability(run.name, run.curve, run.scaled, run.labels.length));
  function spread() {
    const { edges, groups } = run.histogram, most = Math.max(1, ...groups.flatMap((g) => g.counts)), box = $("spread");
    // roots, so that the few answers in the middle are seen beside the thousands at the ends
    const root = Math.sqrt(most), plot = frame(box, "How the probabilities are spread", { x: [edges[0], edges.at(-1)], y: [0, root * 1.05], height: (w) => Math.max(210, Math.min(300, w * 0.5)) });
    const rungs = [0, 1, 2, 3, 4, 5, 6].flatMap((e) => [1, 2, 5].map((k) => k * 10 ** e)).filter((v) => v <= most).reverse();
    const apart = rungs.reduce((found, v) => found.length && plot.Y(Math.sqrt(v)) - plot.Y(Math.sqrt(found.at(-1))) < 24 ? found : [...found, v], []);
    levels(plot, [...apart.filter((v) => plot.Y(0) - plot.Y(Math.sqrt(v)) > 20), 0].map((v) => [Math.sqrt(v), v.toLocaleString("en")]));
    steps(plot, round(edges[0], edges.at(-1), 6).map((v) => [v, v.toFixed(1)]), { title: run.histogram.axis });
    groups.forEach((group, g) => group.counts.forEach((count, i) => {
      if (!count) return;
      const x = plot.X(edges[i]), wide = plot.X(edges[i + 1]) - x, part = (wide - 2) / groups.length;
      const bar = make("svg:rect", { class: "bin", fill: colour(g), x: x + 1 + g * part, width: Math.max(1, part), y: plot.Y(Math.sqrt(count)), height: plot.bottom - plot.Y(Math.sqrt(count)), role: "img" });
      point(bar, `${group.name}\n${edges[i].toFixed(2)} to ${edges[i + 1].toFixed(2)}\n${count.toLocaleString("en")} texts`);
      plot.svg.append(bar);
    }));
    box.replaceChildren(plot.svg);
  }
  if ($("spread")) {
    run.histogram.groups.forEach((group, g) => $("spread-key").append(make("span", {}, make("i", { style: `background:${colour(g)}` }), group.name)));
    drawn(spread);
  }
}
