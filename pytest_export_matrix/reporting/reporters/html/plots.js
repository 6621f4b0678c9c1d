// Plots, where people would rather look than read. They follow the filters.

const FEW = 40;
const EXACT = 1e-9; // where a deviation of nothing stands on a logarithmic axis
const STAGE_HUES = ["#8c9bab", "#b48ead", "#4c8dd6", "#3bb0a0", "#e0a030", "#d9705a"];
const plots = { shown: null, library: null, timer: null };

/** Draws the plots of `shown` cells, once they are near to being seen. */
function drawPlots(shown) {
  plots.shown = shown;
  clearTimeout(plots.timer);
  if (plots.library) plots.timer = setTimeout(plotAll, 100);
}

const watcher = new IntersectionObserver(async (entries) => {
  if (plots.library || !entries.some((entry) => entry.isIntersecting)) return;
  watcher.disconnect();
  plots.library = await loadPlotly();
  plotAll();
}, { rootMargin: "400px" });
for (const query of [dark, narrow])
  query.addEventListener("change", () => drawPlots(plots.shown));

function plotAll() {
  if (!plots.shown) return;
  plotLatency(plots.shown);
  plotDeviation(plots.shown);
  plotStages(plots.shown);
}

const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  if (!sorted.length) return 0;
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** Cells by the way they go, one architecture at a time where those are few enough to read. */
function ways(shown) {
  const several = (axis) => unique(shown.map((cell) => cell[axis])).length > 1;
  const way = ["method", "format", "runtime", ...["device", "preparation"].filter(several)];
  const fine = ["architecture", ...way];
  const axes = new Set(shown.map((cell) => key(cell, fine))).size <= FEW ? fine : way;
  const name = (cell, [first, ...rest]) =>
    cell[first] + (narrow.matches ? "<br>" : " / ") + rest.map((axis) => cell[axis]).join(" / ");
  const groups = new Map();
  for (const cell of shown) {
    const way = name(cell, axes);
    if (!groups.has(way)) groups.set(way, []);
    groups.get(way).push(cell);
  }
  return [...groups].reverse();
}

function plotLatency(shown) {
  const timed = shown.filter((cell) => cell.seconds.run > 0 && cell.seconds.reference > 0
    && cell.ran_at.length);
  const groups = ways(timed);
  const bar = (name, stage, color) => ({
    type: "bar", orientation: "h", name, marker: { color },
    y: groups.map(([way]) => way),
    x: groups.map(([, members]) => median(members.map((cell) => cell.seconds[stage]))),
    customdata: groups.map(([, members]) => members.length),
    hovertemplate: "%{x:.3g} s, median of %{customdata} cells<extra>%{fullData.name}</extra>",
  });
  byId("latency-note").textContent = "What a cell's inputs took together, first calls included: "
    + "eager PyTorch in its own process, and the exported file in the runtime. Bars are medians "
    + "of the cells that came to an answer, right or wrong.";
  plot("latency", [bar("runtime", "run", "#4c8dd6"), bar("eager", "reference", "#8c9bab")], {
    barmode: "group", xaxis: { title: "seconds for all inputs of a cell" },
    height: 150 + 34 * groups.length,
  }, groups.length);
}

function plotStages(shown) {
  const worked = shown.filter((cell) => Object.keys(cell.seconds).length);
  const groups = ways(worked);
  const traces = data.stages.map((stage, i) => ({
    type: "bar", orientation: "h", name: stage, marker: { color: STAGE_HUES[i] },
    y: groups.map(([way]) => way),
    x: groups.map(([, members]) =>
      median(members.map((cell) => cell.seconds[stage]).filter((s) => s !== undefined))),
    hovertemplate: "%{x:.3g} s<extra>%{fullData.name}</extra>",
  }));
  byId("stages-note").textContent = "Each stage is the median of the cells that got to it. Cells "
    + "that share a file share its export, so that a whole run takes less than their sum.";
  plot("stages", traces, {
    barmode: "stack", xaxis: { title: "seconds a cell" },
    height: 150 + (narrow.matches ? 32 : 24) * groups.length,
  }, groups.length);
}

/** Plotly takes some tags in a text for markup. */
const inert = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

function plotDeviation(shown) {
  const measured = shown.filter((cell) => typeof cell.worst === "number");
  const runtime = (cell) => `${cell.runtime} (${cell.format})`;
  const trace = (name, members, color, symbol) => ({
    type: "box", name, boxpoints: "all", jitter: 0.7, pointpos: 0, fillcolor: "transparent",
    line: { color: "transparent" }, marker: { color, symbol, size: 7, opacity: 0.75 },
    x: members.map(runtime),
    y: members.map((cell) => Math.max(cell.worst, EXACT)),
    customdata: members.map((cell) => cell.id),
    text: members.map((cell) =>
      `${cell.id}<br>${figure(cell.worst)}, ${inert(words(cell.ending))}`),
    hoveron: "points", hovertemplate: "%{text}<extra></extra>",
  });
  const passed = measured.filter((cell) => state(cell) === "passed");
  const others = measured.filter((cell) => state(cell) !== "passed");
  const traces = [
    trace("passed", passed, css("--passed"), "circle"),
    trace("not passed", others, css("--failed"), "x"),
  ].filter((each) => each.x.length);
  plot("deviation", traces, {
    boxmode: "group", height: 420,
    yaxis: { type: "log", title: "worst relative deviation", exponentformat: "power",
      dtick: 1 },
    annotations: [{ xref: "paper", x: 1, xanchor: "right", y: Math.log10(EXACT), yanchor: "top",
      text: "bottom: equal, or closer than this", showarrow: false, font: { size: 11 } }],
  }, measured.length);
  byId("deviation").on?.("plotly_click", (event) => {
    location.hash = event.points[0].customdata;
  });
}

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function plot(id, traces, layout, number) {
  const host = byId(id);
  if (!number) {
    plots.library.purge(host);
    host.replaceChildren(el("p", { class: "muted" }, "Nothing was measured of these cells."));
    return;
  }
  if (!host.classList.contains("js-plotly-plot")) host.replaceChildren();
  const line = css("--line");
  const size = narrow.matches ? 10 : 12;
  const axis = ({ title, ...own } = {}) => ({
    title: title && { text: title, font: { size } },
    gridcolor: line, zerolinecolor: line, automargin: true, ...own,
  });
  plots.library.react(host, traces, {
    paper_bgcolor: "transparent", plot_bgcolor: "transparent",
    font: { color: css("--text"), family: "system-ui, sans-serif", size },
    margin: { l: 10, r: 10, t: 10, b: 45 },
    legend: { orientation: "h", y: 1, yanchor: "bottom", traceorder: "normal" },
    hoverlabel: { align: "left" }, ...layout, xaxis: axis(layout.xaxis), yaxis: axis(layout.yaxis),
  }, { displayModeBar: false, responsive: true });
}
