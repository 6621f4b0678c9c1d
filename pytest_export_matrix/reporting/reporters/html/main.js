// Puts the page together.

/** DataTables goes by a class of the root. */
function followScheme() {
  document.documentElement.classList.toggle("dark", dark.matches);
}

function listCells(DataTable) {
  const rows = data.cells.map((cell) => ({
    ...cell,
    outcome: words(cell.outcome),
    stage: cell.stage ?? "none",
    flaky: cell.flaky ? "flaky" : "steady",
    all: Object.keys(cell.seconds).length ? seconds(cell) : null,
  }));
  const hidden = { visible: false };
  return filtered(DataTable, {
    host: byId("list"),
    panes: byId("panes"),
    search: byId("search"),
    label: "All cells",
    rows,
    changed: (left) => chosen.table && showLeft(left.map((row) => cells.get(row.id))),
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
offerCauses();
offerForeign();
offerCells();
applyChoice();
showAddressed();
chooseAddressed();
document.querySelectorAll(".scroll").forEach(watchWidth);
performance.mark("usable");
await new Promise((done) => setTimeout(done)); // what is there is painted before the list is made
const DataTable = await loadDataTables();
listChanges(DataTable);
chosen.table = listCells(DataTable);
openByRow(byId("list"));
if (mixed || chosen.cause !== null) applyChoice();
document.querySelectorAll("#cells .scroll, #changed .scroll").forEach(watchWidth);
watcher.observe(byId("plots")); // not before: while the page is short, all of it is near
document.documentElement.dataset.ready = "";
