// Tables of cells with a filter for every axis: DataTables and its SearchPanes.

const capital = (text) => text[0].toUpperCase() + text.slice(1);

/** A column of text, shown as it is. */
function textColumn(DataTable, name, title, rest = {}) {
  const column = { name, title, data: (row) => row[name] ?? "", render: DataTable.render.text() };
  return { ...column, searchPanes: { show: false }, ...rest };
}

/** A column of one of the values of `order`, in that order, with a filter where `rows` differ. */
function choice(DataTable, rows, name, order, rest = {}) {
  const shown = DataTable.render.text().display;
  return {
    name,
    title: capital(words(name)),
    data: (row) => row[name],
    type: "string",
    render: (value, type) =>
      type === "sort" ? String(order.indexOf(value)).padStart(4, "0") : shown(value),
    searchPanes: { show: unique(rows.map((row) => row[name])).length > 1 },
    ...rest,
  };
}

const axisColumns = (DataTable, rows, rest) =>
  AXES.map((axis) => choice(DataTable, rows, axis, data.axes[axis], rest));

/** A column whose cells are elements; it is sorted by `row[name]` and searched by `row[all]`. */
function elements(name, title, make, { all = name, ...rest } = {}) {
  return {
    name,
    title,
    data: (row) => row,
    type: "string",
    render: (row, type) =>
      type === "display" ? make(row) : (type === "filter" ? row[all] : row[name]) ?? "",
    searchPanes: { show: false },
    ...rest,
  };
}

/** A column of figures; what was not measured comes first or last. */
function figures(name, title, kind = "") {
  return {
    name,
    title,
    data: (row) => row[name],
    type: "num",
    className: `number ${kind}`,
    render: (value, type) =>
      type === "display" ? figure(value) : typeof value === "number" ? value : -1,
    searchPanes: { show: false },
  };
}

/** A table of `rows` in `host` with its filters in `panes`, which are made when they are first
 * opened, and its search field in `search`; `changed` is told what they leave. */
function filtered(DataTable, options) {
  const { host, panes, search = panes, label, columns, rows, changed = () => {} } = options;
  const wide = (column) => /\bwide\b/.test(column.className ?? "");

  const element = el("table", { class: "hover", "aria-label": label });
  host.append(el("div", { class: "scroll" }, element));
  const table = new DataTable(element, {
    data: rows,
    columns: columns.map((each) =>
      wide(each) && narrow.matches ? { ...each, visible: false } : each),
    order: [],
    autoWidth: false,
    pageLength: 25,
    lengthMenu: [25, 100, 500],
    layout: { topStart: "search", topEnd: null, bottomStart: ["info", "pageLength"] },
    language: {
      search: "Search", lengthMenu: "_MENU_ a page", info: "_START_ to _END_ of _TOTAL_",
      infoEmpty: "", infoFiltered: "(_MAX_ in all)",
      zeroRecords: "No cell is left by the filters.",
      searchPanes: { clearMessage: "Clear all", title: { 0: "No filter", _: "Filters: %d" } },
    },
  });
  search.append(host.querySelector(".dt-search"));
  const details = panes.closest("details");
  const opened = () => {
    if (!details.open) return;
    if (!panes.querySelector(".dtsp-panesContainer")) makePanes(DataTable, table, panes);
    DataTable.tables({ visible: true, api: true }).columns.adjust(); // they had no width till now
  };
  details.addEventListener("toggle", opened);
  opened();
  let last = null;
  let timer = null;
  const tell = () => {
    const left = table.rows({ search: "applied" });
    const mark = left.indexes().toArray().sort((a, b) => a - b).join();
    if (mark === last) return;
    last = mark;
    changed(left.data().toArray());
  };
  table.on("draw", () => { // once for several draws: to clear all filters draws for each of them
    clearTimeout(timer);
    timer = setTimeout(tell);
  });
  tell();
  const fit = () => {
    table.columns(".wide").visible(!narrow.matches, false);
    table.columns.adjust();
  };
  narrow.addEventListener("change", fit);
  return table;
}

/** A filter for each axis. */
function makePanes(DataTable, table, panes) {
  new DataTable.SearchPanes(table, {
    viewCount: true,
    collapse: false,
    controls: false,
    orderable: false,
    dtOpts: {
      select: { style: "multi", keys: true }, scroller: false, paging: false, order: [[0, "asc"]],
    },
  });
  panes.append(table.searchPanes.container()[0]);
  for (const pane of panes.querySelectorAll(".dtsp-searchPane"))
    pane.querySelector("table.dataTable:has(tbody)")?.setAttribute(
      "aria-label", `Filter: ${pane.querySelector("input").placeholder}`);
}

/** Opens the cell of a row that is clicked beside its link; the link itself does so anyway. */
function openByRow(host) {
  host.addEventListener("click", (event) => {
    const opener = event.target.closest("tbody tr")?.querySelector("a");
    if (opener && !event.target.closest("a") && getSelection().isCollapsed) opener.click();
  });
}
