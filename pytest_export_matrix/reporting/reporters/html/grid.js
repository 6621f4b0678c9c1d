// The matrix at a glance: a row for what a model is shown, a column for a way to deploy it.

const ROW = ["architecture", "resolution", "batch"];
const COLUMN = ["method", "preparation", "format", "runtime", "device"];
const key = (cell, axes) => axes.map((axis) => cell[axis]).join("-");

function drawGrid(shown) {
  const order = (axes) => (a, b) => {
    for (const axis of axes) {
      const places = data.axes[axis];
      const difference = places.indexOf(a[axis]) - places.indexOf(b[axis]);
      if (difference) return difference;
    }
    return 0;
  };
  const found = new Map(shown.map((cell) => [key(cell, AXES), cell]));
  const some = (axes) =>
    [...new Map(shown.map((cell) => [key(cell, axes), cell])).values()].sort(order(axes));
  const columns = some(COLUMN);
  const head = el(
    "thead", {},
    el("tr", {}, el("td", {}, "resolution, batch"), ...columns.map((way) => el(
      "th", { scope: "col" }, ...COLUMN.map((axis) => way[axis])
        .filter((value) => value !== "plain").map((value) => el("span", {}, value)),
    ))),
  );
  const table = el("table", { class: "grid" }, head);
  let body = null;
  let last = null;
  for (const row of some(ROW)) {
    if (row.architecture !== last) {
      last = row.architecture;
      const name = el("th", { scope: "rowgroup" }, last);
      const rest = el("td", { colspan: columns.length });
      body = el("tbody", {}, el("tr", { class: "group" }, name, rest));
      table.append(body);
    }
    const line = el("tr", { class: "cells" });
    line.append(el("th", { scope: "row" }, `${row.resolution}, ${row.batch}`));
    for (const way of columns) {
      const both = AXES.map((axis) => (ROW.includes(axis) ? row : way)[axis]).join("-");
      line.append(place(found.get(both)));
    }
    body.append(line);
  }
  const first = table.querySelector("a");
  if (first) first.tabIndex = 0;
  byId("grid").replaceChildren(first ? table : el("p", {}, "No cell is left by the filters."));
}

function place(cell) {
  if (!cell) return el("td");
  const kind = state(cell);
  const where = cell.stage && cell.outcome !== "passed" ? cell.stage : "";
  const opener = link(cell.id, `${MARKS[kind]} ${where}`, kind);
  opener.tabIndex = -1;
  opener.title = `${cell.id}\n${words(cell.ending)}`;
  opener.setAttribute("aria-label", `${words(cell.ending)}: ${cell.id}`);
  return el("td", {}, opener);
}

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/** The grid is one stop of the tab key; arrow keys go on from there, past places without a cell. */
byId("grid").addEventListener("keydown", (event) => {
  const step = STEPS[event.key];
  const from = event.target.closest("td");
  if (!step || !from) return;
  event.preventDefault();
  const lines = [...byId("grid").querySelectorAll("tr.cells")];
  let line = lines.indexOf(from.parentNode);
  let column = from.cellIndex;
  let to = null;
  do {
    line += step[0];
    column += step[1];
    to = lines[line]?.cells[column];
  } while (to && !to.querySelector("a"));
  const opener = to?.querySelector("a");
  if (!opener) return;
  event.target.tabIndex = -1;
  opener.tabIndex = 0;
  opener.focus();
});
