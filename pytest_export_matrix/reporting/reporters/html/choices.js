// What the reader chooses beside the filters of the axes: one cause, and pairs nobody claims.

const chosen = { cause: null, foreign: false, table: null, left: null };
const mixed = data.cells.some((cell) => cell.foreign) && data.cells.some((cell) => !cell.foreign);

/** The cells of the map, of one architecture and of the filters, before a cause is chosen. */
const offered = () => data.cells.filter((cell) => !mixed || chosen.foreign || !cell.foreign);

const isChosen = (cell) => (!mixed || chosen.foreign || !cell.foreign)
  && (chosen.cause === null || cell.cause === chosen.cause);

/** Shows what is chosen: the list filters the cells once it is there. */
function applyChoice() {
  if (!chosen.table) return showLeft(data.cells.filter(isChosen));
  const all = !mixed && chosen.cause === null;
  chosen.table.search.fixed("choice", all ? null : (text, row) => isChosen(cells.get(row.id)));
  chosen.table.draw();
}

/** Shows what the filters leave. What is shown already stays, with the notes that are open. */
function showLeft(left) {
  if (chosen.left?.size === left.length && left.every((cell) => chosen.left.has(cell))) return;
  chosen.left = new Set(left);
  byId("shown").textContent = `${left.length} of ${data.cells.length} cells`;
  drawMap(chosen.left);
  drawPlots(left);
}

/** Leaves the cells of one cause; null leaves all. */
function chooseCause(number) {
  if (number === null && /^#cause-/.test(location.hash)) leaveAddress();
  if (number === chosen.cause) return;
  chosen.cause = number;
  for (const button of document.querySelectorAll("button.cause"))
    button.setAttribute("aria-pressed", String(Number(button.dataset.cause) === number));
  const cause = data.causes.find((each) => each.number === number);
  const note = byId("chosen");
  note.hidden = !cause;
  if (cause) {
    const clear = el("button", { type: "button" }, "Show all");
    clear.addEventListener("click", () => chooseCause(null));
    note.replaceChildren(el("span", {}, `Cause ${number} alone: ${cause.text}`), " ", clear);
  }
  applyChoice();
}

/** Without scripts a cause is text; here it is a button, and says where its cells are shown. */
function offerCauses() {
  for (const text of document.querySelectorAll("span.cause")) {
    const number = Number(text.dataset.cause);
    const button = el("button", {
      type: "button", class: "cause", "data-cause": number, "aria-pressed": "false",
      title: "Show its cells alone, or all again",
    });
    button.append(...text.childNodes);
    button.addEventListener("click", () => chooseCause(chosen.cause === number ? null : number));
    text.replaceWith(button);
    button.after(el("a", { href: "#matrix", class: "to-map" }, "in the map"));
  }
}

/** A mark's footnote leads to its cause and chooses it, as does an address that ends with it. */
function chooseAddressed() {
  const number = Number(/^#cause-(\d+)$/.exec(location.hash)?.[1]);
  if (!data.causes.some((cause) => cause.number === number)) return;
  const item = byId(`cause-${number}`);
  const folded = item?.closest("details");
  if (folded) folded.open = true;
  if (dialog.open) dialog.close();
  chooseCause(number);
  item?.scrollIntoView({ block: "nearest" });
}
addEventListener("hashchange", chooseAddressed);

function offerForeign() {
  byId("foreign").hidden = !mixed;
  byId("foreign").append(` (${data.cells.filter((cell) => cell.foreign).length} cells)`);
  byId("foreign").querySelector("input").addEventListener("change", (event) => {
    chosen.foreign = event.target.checked;
    chosen.left = null; // the rows are others, even of the same cells
    offerCells();
    applyChoice();
  });
}

/** The cells of which the map and the tables are made. */
function offerCells() {
  map.ways = allWays(offered());
  drawLegend(offered());
  offerArchitectures(offered());
}
