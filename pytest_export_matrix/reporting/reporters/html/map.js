// The heat map: a row for a way out of Python, a column for an architecture. A square has four
// marks, and opens the notes of its cells below its row.

/** A row whose name would be longer is named by the number of its ways. */
const LONGEST = 130;
const map = { ways: [], lines: [], opened: null };
const MEANINGS = {
  passed: "answers like eager", compare: "answers otherwise (compare)",
  run: "fails to run", load: "fails to load", export: "fails to export", failed: "fails",
  some: "some of several cells pass", flaky: "passes sometimes", unknown: "not found out",
  unplanned: "not planned",
};

function drawMap(left) {
  const { architectures, groups } = mapOf(map.ways, left);
  const heads = architectures.map(headOf);
  map.lines = [heads];
  map.opened = null;
  const table = el(
    "table", { role: "grid", class: "map", style: `--columns: ${architectures.length}`,
      "aria-label": "Marks by way out and architecture" },
    el("thead", {}, el("tr", {}, el("td", {}, "Runs in"),
      ...heads.map((head) => el("th", { scope: "col" }, head)))),
    ...groups.map((group) => groupElement(group, architectures)),
  );
  map.lines.flat().filter(Boolean).forEach((button) => { button.tabIndex = -1; });
  const first = map.lines[1]?.find(Boolean);
  if (first) first.tabIndex = 0;
  byId("map").replaceChildren(first ? table : el("p", {}, "No cell is left by the filters."));
  watchWidth(byId("map"));
}

function headOf(name) {
  const title = `${name} in full`;
  const head = el("button", { type: "button", title }, ...breakable(name, "_"));
  head.addEventListener("click", () => openArchitecture(name));
  return head;
}

function groupElement({ name, rows }, architectures) {
  const title = el("th", { scope: "rowgroup" }, el("span", {}, name));
  const body = el("tbody", {}, el("tr", { class: "group" }, title,
    el("td", { colspan: architectures.length })));
  body.append(...rows.map((row) => rowElement(name, row, architectures)));
  return body;
}

function rowElement(group, { ways, squares }, architectures) {
  const names = nameOf(ways);
  const parts = names.join(", ").length > LONGEST ? [`${ways.length} ways that do alike`] : names;
  const head = el("th", { scope: "row", title: names.join("\n") },
    ...parts.map((part) => el("span", {}, part)));
  const row = el("tr", {}, head);
  const line = squares.map((square, i) =>
    square && squareElement(`${architectures[i]}, ${group}, ${parts.join("; ")}`, square, row));
  row.append(...line.map((button) => el("td", {}, button ?? "")));
  map.lines.push(line);
  return row;
}

function squareElement(title, { marks, more, cells }, row) {
  const said = marks.map((mark, i) => `${PLACES[i].title.toLowerCase()} ${mark.said}`).join("; ");
  const button = el(
    "button", { type: "button", class: "square", "aria-expanded": "false",
      "aria-label": `${title}: ${more ? "" : `${said}; `}${cells.length} cells` },
    ...(more ? [el("i", { class: "more" }, more)]
      : marks.map(({ sign, kind }) => el("i", { class: kind }, sign))),
  );
  button.title = more || marks.map((mark, i) => `${PLACES[i].title}: ${mark.said}`).join("\n");
  button.addEventListener("click", () => openNotes(button, title, cells, row));
  return button;
}

/** Opens the notes of a square below its row, or closes them where they are open. */
function openNotes(button, title, cells, row) {
  const again = map.opened?.button === button;
  closeNotes();
  if (again) return;
  const notes = notesElement(title, cells);
  notes.querySelector(".close").addEventListener("click", () => closeNotes(true));
  const line = el("tr", { class: "opened" }, el("td", { colspan: row.cells.length }, notes));
  row.after(line);
  button.setAttribute("aria-expanded", "true");
  map.opened = { button, line };
  line.scrollIntoView({ block: "nearest" });
}

function closeNotes(focus = false) {
  if (!map.opened) return;
  const { button, line } = map.opened;
  map.opened = null;
  line.remove();
  button.setAttribute("aria-expanded", "false");
  if (focus) button.focus();
}

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/** The map is one stop of the tab key; arrow keys go on from there, past places without cells. */
byId("map").addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeNotes(true);
  const step = STEPS[event.key];
  let line = map.lines.findIndex((buttons) => buttons.includes(event.target));
  if (!step || line < 0) return;
  event.preventDefault();
  let column = map.lines[line].indexOf(event.target);
  let to = null;
  do {
    line += step[0];
    column += step[1];
    to = map.lines[line]?.[column];
  } while (to === null);
  if (!to) return;
  event.target.tabIndex = -1;
  to.tabIndex = 0;
  to.focus();
});

/** What the marks mean, as far as they occur, and in which order they stand in a square. */
function drawLegend(cells) {
  const present = new Set(cells.map((cell) => kindOf([cell])));
  const mark = (kind) => el("span", {}, el("i", { class: kind }, LETTERS[kind] ?? SIGNS[kind]),
    ` ${MEANINGS[kind]}`);
  byId("legend").replaceChildren(
    el("p", { class: "legend" },
      ...Object.keys(MEANINGS).filter((kind) => present.has(kind)).map(mark), mark("unplanned")),
    el("p", { class: "muted" }, "A square has four marks, in this order: ",
      PLACES.map(({ title }) => title.toLowerCase()).join(", "),
      ". Open it for its cells and their reasons; the arrow keys move. The name of an architecture "
      + "opens its table."),
  );
}
