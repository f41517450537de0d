"use strict";
// The pictures of the page: maps unpacked when their sector is chosen, everything in the colours of the page.
(async () => {
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const ON_LIGHT = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b07d00", "#56b4e9", "#7a5aa6", "#777777"];
  const ON_DARK = ["#56b4e9", "#ff8c42", "#2fc79a", "#e79cc9", "#f0c541", "#a3d8ff", "#bba4e0", "#bbbbbb"];
  const DIVERGING = ["#053061", "#2166ac", "#4393c3", "#92c5de", "#d1e5f0", "#f7f7f7", "#fddbc7", "#f4a582", "#d6604d", "#b2182b", "#67001f"]
    .map((shade, k) => [k / 10, shade]);
  const canHover = matchMedia("(hover: hover)").matches;
  const OPTIONS = { responsive: true, displaylogo: false, displayModeBar: canHover ? "hover" : false,
    modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"] };
  const drawing = [];

  async function unpacked(id) {
    const text = atob(document.getElementById(id).textContent.trim());
    const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).arrayBuffer();
  }

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function layout(x, y, more = {}) {
    const line = { gridcolor: colour("--line"), linecolor: colour("--line"), zerolinecolor: colour("--line"), automargin: true };
    const axis = (given) => ({ ...line, ...given, title: { text: given.text || "", standoff: 8 } });
    return {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: colour("--text"), family: getComputedStyle(document.body).fontFamily, size: 12 },
      margin: { l: 60, r: 16, t: 36, b: 46 }, xaxis: axis(x), yaxis: axis(y),
      modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("--dim"), activecolor: colour("--text") },
      hoverlabel: { font: { family: "monospace" } }, legend: { font: { size: 11 } }, ...more,
    };
  }

  function shadeOf(k) {
    const shades = isDark() ? ON_DARK : ON_LIGHT;
    return shades[k % shades.length];
  }

  function isDark() {
    return matchMedia("(prefers-color-scheme: dark)").matches && !matchMedia("print").matches;
  }

  function draw(id, traces, made) {
    if (document.getElementById(id)) drawing.push(Plotly.react(id, traces, made, OPTIONS));
  }

  function faint(hex) {
    const [r, g, b] = [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));
    return `rgba(${r},${g},${b},0.22)`;
  }

  function drawRates() {
    charts.rates.forEach((rate, place) => {
      const traces = [];
      rate.curves.forEach((curve, k) => {
        const shade = shadeOf(k);
        const edge = { x: curve.t, mode: "lines", line: { width: 0 }, hoverinfo: "skip", showlegend: false };
        traces.push({ ...edge, y: curve.low }, { ...edge, y: curve.high, fill: "tonexty", fillcolor: faint(shade) });
        traces.push({ x: curve.t, y: curve.value, name: curve.name, mode: "lines", line: { color: shade, width: 2 },
          showlegend: rate.curves.length > 1, customdata: curve.value.map((v, j) => curve.high[j] - v),
          hovertemplate: "t %{x:.4g} s<br>%{y:.4g} ± %{customdata:.2g}" });
      });
      const title = { text: `${rate.name}${rate.unit ? ` (${rate.unit})` : ""}`, font: { size: 14 } };
      draw(`rate-${place}`, traces, layout({ text: "t (s)" }, { range: rate.limits, exponentformat: "power" }, { title }));
    });
  }

  function drawCuts(sector) {
    const traces = [];
    sector.cuts.forEach((cut, k) => {
      const line = { color: shadeOf(k), width: 2 };
      traces.push({ x: cut.lag, y: cut.model, mode: "lines", line, legendgroup: cut.age, showlegend: false, hoverinfo: "skip" });
      traces.push({ x: cut.bin_lag, y: cut.data, mode: "markers", name: cut.age, legendgroup: cut.age,
        marker: { color: line.color, size: 6 }, hovertemplate: "lag %{x:.4g} s<br>g₂ %{y:.5g}" });
    });
    draw("cuts", traces, layout({ text: "lag |t₂ − t₁| (s)", type: "log", dtick: 1 }, { text: "g₂" }, { legend: { title: { text: "age" } } }));
  }

  function drawG2() {
    charts.g2.forEach((one, place) => {
      const traces = [];
      one.curves.forEach((curve, k) => {
        const shade = shadeOf(k);
        traces.push({ x: curve.lag, y: curve.model, mode: "lines", line: { color: shade, width: 2 }, legendgroup: `${k}`, showlegend: false, hoverinfo: "skip" });
        traces.push({ x: curve.lag, y: curve.data, mode: "markers", name: curve.name, legendgroup: `${k}`,
          marker: { color: shade, size: 5 }, hovertemplate: "lag %{x:.4g} s<br>%{y:.4g}" });
      });
      draw(`g2-${place}`, traces, layout({ text: "lag (s)", type: "log", dtick: 1 }, {}, { title: { text: one.title, font: { size: 14 } } }));
    });
  }

  function drawFrames() {
    const chart = charts.frames;
    const marks = chart.conspicuous.map((one) => ({ x: one.t, y: one.value, text: `frame ${one.frame}`, showarrow: true, arrowcolor: colour("--text"), ax: 30, ay: 0 }));
    const margin = { l: 60, r: 90, t: 12, b: 30 };
    draw("together", [{ x: chart.t, y: chart.together, mode: "lines", line: { color: shadeOf(0), width: 1.5 }, hovertemplate: "t %{x:.4g} s<br>%{y:.4g}" }],
      layout({}, { text: "all sectors", rangemode: "tozero" }, { annotations: marks, margin }));
    draw("frames", [{ type: "heatmap", x: chart.t, y: chart.values.map((_, k) => k), z: chart.values, zmin: 0, zmax: chart.highest,
      colorscale: "Viridis", colorbar: { thickness: 12 }, hovertemplate: "t %{x:.4g} s<br>sector %{y}<br>%{z:.4g}<extra></extra>" }],
      layout({ text: "t of the frame (s)" }, { text: "sector", dtick: Math.ceil(chart.values.length / 12) }, { margin }));
  }

  function drawCorrelations() {
    const chart = charts.correlations;
    const written = chart.values.map((row) => row.map((v) => (v === null ? "" : v.toFixed(Math.abs(v) > 0.995 && Math.abs(v) < 1 ? 4 : 2))));
    draw("correlations", [{ type: "heatmap", x: chart.names, y: chart.names, z: chart.values, zmin: -1, zmax: 1, colorscale: DIVERGING,
      text: written, texttemplate: chart.names.length <= 12 ? "%{text}" : "", colorbar: { thickness: 12 },
      hovertemplate: "%{y}<br>%{x}<br>%{text}<extra></extra>" }],
      layout({ tickangle: -50, showgrid: false }, { autorange: "reversed", showgrid: false }));
  }

  function drawHistory() {
    const chart = charts.history;
    draw("chi2", [{ x: chart.step, y: chart.reduced, mode: "lines+markers", line: { color: shadeOf(0) } }],
      layout({ text: "step" }, { exponentformat: "power" }, { title: { text: "reduced χ²", font: { size: 14 } } }));
    const traces = chart.parameters.map((one, k) => ({ x: chart.step, y: one.values, name: one.name, mode: "lines", line: { color: shadeOf(k) } }));
    draw("steps", traces, layout({ text: "step" }, {}, { title: { text: "distance of each parameter from its end, in σ", font: { size: 14 } } }));
  }

  function upright(x, dash) {
    return { type: "line", x0: x, x1: x, yref: "paper", y0: 0, y1: 1, line: { color: shadeOf(0), width: 1, dash } };
  }

  function drawProfiles() {
    const dashes = ["solid", "dash", "dot"];
    const grey = shadeOf(7);
    charts.profiles.forEach((one, place) => {
      const traces = [];
      const axis = { exponentformat: "power" };
      if (one.kind === "contour") {
        one.lines.forEach((line, k) => {
          const dash = dashes[Math.min(k, 2)];
          traces.push({ x: line.ellipse[0], y: line.ellipse[1], mode: "lines", line: { color: grey, width: 1, dash }, hoverinfo: "skip", showlegend: false });
          traces.push({ x: line.line[0], y: line.line[1], mode: "lines", name: line.level, line: { color: shadeOf(0), width: 2, dash }, hovertemplate: "%{x:.5g}<br>%{y:.5g}" });
        });
        traces.push({ x: [one.centre[0]], y: [one.centre[1]], mode: "markers", marker: { symbol: "cross", color: shadeOf(0) }, showlegend: false, hovertemplate: "%{x:.5g}<br>%{y:.5g}<extra>fit</extra>" });
        draw(`profile-${place}`, traces, layout({ ...axis, text: one.names[0] }, { ...axis, text: one.names[1] }));
        return;
      }
      traces.push({ x: one.x, y: one.parabola, mode: "lines", name: "covariance", line: { color: grey, width: 1.5 }, hoverinfo: "skip" });
      traces.push({ x: one.values, y: one.statistic, mode: "lines+markers", name: "profile", line: { color: shadeOf(0), width: 2, shape: "spline" }, marker: { size: 6 }, hovertemplate: "%{x:.6g}<br>%{y:.4g}" });
      const shapes = one.intervals.flatMap((each, k) => each.ends.map((end) => upright(end, dashes[Math.min(k, 2)])));
      draw(`profile-${place}`, traces, layout({ ...axis, text: one.name }, { text: "Δχ² ÷ its noise", range: [-0.02 * one.highest, one.highest] }, { shapes }));
    });
  }

  function drawMarginals() {
    charts.marginals.forEach((one, place) => {
      const middles = one.density.map((_, k) => (one.edges[k] + one.edges[k + 1]) / 2);
      const traces = [{ type: "bar", x: middles, y: one.density, width: one.edges[1] - one.edges[0], marker: { color: shadeOf(0) }, hovertemplate: "%{x:.5g}<extra></extra>", showlegend: false }];
      traces.push({ x: one.x, y: one.normal, mode: "lines", line: { color: colour("--text"), width: 1.5 }, hoverinfo: "skip", showlegend: false });
      draw(`marginal-${place}`, traces, layout({ text: one.name, exponentformat: "power", nticks: 6 }, { showticklabels: false, rangemode: "tozero" },
        { margin: { l: 12, r: 12, t: 8, b: 46 }, bargap: 0 }));
    });
  }

  const cache = new Map();
  async function mapsOf(place) {
    if (cache.has(place)) return cache.get(place);
    const steps = new Uint16Array(await unpacked(`packed-${place}`));
    const n = charts.maps.edges.length - 1;
    const size = (n * (n + 1)) / 2;
    const maps = charts.ranges[place].map(([low, high], which) => {
      const rows = Array.from({ length: n }, () => new Array(n));
      let next = which * size;
      for (let i = 0; i < n; i++) {
        for (let j = 0; j <= i; j++) {
          const step = steps[next++];
          rows[i][j] = rows[j][i] = step === 0 ? null : low + ((step - 1) / charts.maps.levels) * (high - low);
        }
      }
      return rows;
    });
    cache.set(place, maps);
    return maps;
  }

  async function drawSector() {
    const place = Number(document.getElementById("sector").value);
    const maps = await mapsOf(place);
    const { edges, g2, residual } = charts.maps;
    ["data", "model", "residual"].forEach((name, which) => {
      const limits = which === 2 ? [-residual, residual] : g2;
      const trace = { type: "heatmap", x: edges, y: edges, z: maps[which], zmin: limits[0], zmax: limits[1],
        colorscale: which === 2 ? DIVERGING : "Viridis", colorbar: { thickness: 10, len: 0.9 },
        hovertemplate: "t₁ %{x:.4g} s<br>t₂ %{y:.4g} s<br>%{z:.5g}<extra></extra>" };
      const square = { showgrid: false, zeroline: false };
      draw(`map-${name}`, [trace], layout({ ...square, constrain: "domain" }, { ...square, scaleanchor: "x", constrain: "domain" },
        { margin: { l: 42, r: 8, t: 8, b: 34 } }));
    });
    drawCuts(charts.sectors[place]);
  }

  async function drawAll() {
    if (charts.rates) drawRates();
    if (charts.maps) await drawSector();
    if (charts.g2) drawG2();
    if (charts.frames) drawFrames();
    if (charts.correlations) drawCorrelations();
    if (charts.profiles) drawProfiles();
    if (charts.marginals) drawMarginals();
    if (charts.history) drawHistory();
    await Promise.all(drawing.splice(0));
    document.documentElement.dataset.drawn = "yes";
  }

  function step(by) {
    const chosen = document.getElementById("sector");
    chosen.selectedIndex = (chosen.selectedIndex + by + chosen.length) % chosen.length;
    drawSector();
  }

  try {
    const plotly = document.createElement("script");
    plotly.textContent = new TextDecoder().decode(await unpacked("plotly"));
    document.head.append(plotly);
    await drawAll();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
    matchMedia("print").addEventListener("change", drawAll);
    if (charts.maps) {
      document.getElementById("sector").addEventListener("change", drawSector);
      document.getElementById("previous").addEventListener("click", () => step(-1));
      document.getElementById("next").addEventListener("click", () => step(1));
    }
  } catch (error) {
    const said = document.getElementById("failure");
    said.textContent = `The pictures cannot be drawn by this browser (${error}). All numbers are above.`;
    said.hidden = false;
    console.error(error);
  }
})();
