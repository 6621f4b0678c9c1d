// Puts the page together.

/** DataTables goes by a class of the root. */
function followScheme() {
  document.documentElement.classList.toggle("dark", dark.matches);
}

function legend() {
  const present = new Set(data.cells.map(state));
  byId("legend").append(...Object.keys(MARKS).filter((kind) => present.has(kind)).map((kind) =>
    el("span", { class: `outcome ${kind}` }, `${MARKS[kind]} ${words(kind)}`)));
}

function listCells(DataTable, changed) {
  const rows = data.cells.map((cell) => ({
    ...cell,
    outcome: words(cell.outcome),
    stage: cell.stage ?? "none",
    flaky: cell.flaky ? "flaky" : "steady",
    all: Object.keys(cell.seconds).length ? seconds(cell) : null,
  }));
  const hidden = { visible: false };
  filtered(DataTable, {
    host: byId("list"),
    panes: byId("panes"),
    label: "All cells",
    rows,
    changed: (left) => changed(left.map((row) => cells.get(row.id))),
    columns: [
      elements("ending", "Outcome", (row) => el(
        "div", {}, badge(cells.get(row.id)), el("div", { class: "slim" }, ...breakable(row.id)),
      )),
      choice(DataTable, rows, "outcome", data.outcomes.map(words), hidden),
      choice(DataTable, rows, "stage", [...data.stages, "none"], hidden),
      ...axisColumns(DataTable, rows, { className: "wide" }),
      choice(DataTable, rows, "flaky", ["steady", "flaky"], hidden),
      figures("worst", "Deviation", "wide"),
      figures("all", "Seconds"),
      elements("headline", "Reason", (row) => el("span", {}, row.headline),
        { className: "reason wide", all: "reason" }),
    ],
  });
  openByRow(byId("list"));
}

function listChanges(DataTable) {
  const rows = data.changes;
  const host = byId("changed");
  if (!rows.length) return host?.remove();
  const panes = el("details", { class: "filters" }, el("summary", {}, "Filters"));
  host.append(panes);
  filtered(DataTable, {
    host,
    panes,
    label: "Changed cells",
    rows,
    columns: [
      choice(DataTable, rows, "kind", Object.keys(data.kinds)),
      elements("id", "Cell", (row) => el("a", { href: `#${row.id}` }, ...breakable(row.id)),
        { className: "free" }),
      textColumn(DataTable, "old", "Was", { className: "free" }),
      textColumn(DataTable, "new", "Is", { className: "free" }),
      ...axisColumns(DataTable, rows, { visible: false }),
    ],
  });
  openByRow(host);
}

followScheme();
dark.addEventListener("change", followScheme);
legend();
showAddressed();
byId("filters").open = !narrow.matches;
const DataTable = await loadDataTables();
listChanges(DataTable);
listCells(DataTable, (left) => {
  byId("shown").textContent = `${left.length} of ${data.cells.length} cells`;
  drawGrid(left);
  drawPlots(left);
});
watcher.observe(byId("plots")); // not before: while the page is short, all of it is near
document.documentElement.dataset.ready = "";
