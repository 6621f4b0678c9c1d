// The notes of a square: why its cells ended as they did, each reason said once.

/** Links to so many cells stand in a note; the others are counted. */
const LINKS = 12;

/** Cells that ended alike and for the same cause, the failures first. Pure. */
function notesOf(cells) {
  const notes = new Map();
  for (const cell of cells) {
    const alike = [state(cell), cell.ending, cell.cause ?? cell.headline].join("\n");
    notes.set(alike, [...(notes.get(alike) ?? []), cell]);
  }
  return [...notes.values()].sort((a, b) => passes(a[0]) - passes(b[0]));
}

const passes = (cell) => Number(state(cell) === "passed");

/** What stands below a row of the map when one of its squares is open. */
function notesElement(title, cells) {
  const close = el("button", { type: "button", class: "close", "aria-label": "Close" }, "×");
  const several = unique(cells.map((cell) => key(cell, WAY))).length > 1;
  return el(
    "div", { class: "notes" },
    el("header", {}, el("h3", {}, title), close),
    ...notesOf(cells).map((alike) => note(alike, several)),
  );
}

function note(alike, several) {
  const [cell] = alike;
  const kind = state(cell);
  const links = alike.slice(0, LINKS).flatMap((each, i) => [
    i ? ", " : "", link(each.id, (several ? `${called(each.runtime)}: ` : "") + sizes(each)),
  ]);
  const rest = alike.length - LINKS;
  return el(
    "article", {},
    el("p", {},
      el("span", { class: `outcome ${kind}` }, `${MARKS[kind]} ${words(cell.ending)}`), " ",
      ...links, rest > 0 ? ` and ${rest} more` : ""),
    cell.headline ? el("p", { class: "said" }, cell.headline, " ", causeLink(cell.cause)) : "",
    kind !== "passed" && cell.repro ? command(cell.repro) : "",
  );
}

function causeLink(number) {
  return number ? el("a", { href: `#cause-${number}` }, `cause ${number}`) : "";
}
