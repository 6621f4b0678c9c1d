// Cells -> marks: how far a way out of Python gets. Pure.

/** The places of a square, in a fixed order: the columns of the summary. */
const PLACES = data.columns.map(([title, resolution, batch]) => ({ title, resolution, batch }));

/** A file that fails has the letter of the stage that it failed at: a later stage is nearer. */
const LETTERS = { export: "E", load: "L", run: "R", compare: "C" };
const SIGNS = { passed: "●", some: "◐", failed: "○", unknown: "?", flaky: "≈", unplanned: "–" };

/** Where a cell stands among those of its square: cells that have a place of their own first. */
function placeOf({ resolution, batch }) {
  const place = PLACES.findIndex((p) => p.resolution === resolution && p.batch === batch);
  return place < 0 ? PLACES.length : place;
}

/** What stands in each place of a square whose cells are `planned`. A matrix that has no cell of a
 * place shows those of its batch there, or those of its resolution, as the tables do. */
function places(planned) {
  return PLACES.map(({ resolution, batch }, first) => {
    const exactly = planned.filter((c) => c.resolution === resolution && c.batch === batch);
    if (exactly.length || !first) return exactly;
    return planned.filter((c) => (batch === "1" ? c.resolution === resolution : c.batch === batch));
  });
}

/** The mark of one place: its sign, its class, and what it says in words. `left` are the cells that
 * the filters leave. */
function markOf(planned, left) {
  const members = planned.filter((cell) => left.has(cell));
  if (!planned.length) return { sign: SIGNS.unplanned, kind: "unplanned", said: "not planned" };
  if (!members.length) return { sign: "", kind: "hidden", said: "left out by the filters" };
  const kind = kindOf(members);
  const said = unique(members.map((cell) => words(cell.ending))).join(", ");
  return { sign: LETTERS[kind] ?? SIGNS[kind], kind, said };
}

/** Of several cells the mark says no more than all of them do. */
function kindOf(members) {
  const kinds = unique(members.map((cell) => {
    if (cell.flaky) return "flaky";
    if (cell.outcome === "passed") return "passed";
    if (cell.unknown) return "unknown";
    return cell.stage in LETTERS ? cell.stage : "failed";
  }));
  if (kinds.length === 1) return kinds[0];
  return kinds.includes("passed") ? "some" : kinds.find((kind) => kind !== "unknown");
}

/** The sizes and batches of a cell, in the words of the columns. */
function sizes(cell) {
  const title = (resolution, batch) =>
    PLACES.find((place) => place.resolution === resolution && place.batch === batch)?.title;
  const exactly = title(cell.resolution, cell.batch);
  if (exactly) return exactly;
  const [first, second] = [title(cell.resolution, "1"), title("fixed", cell.batch)];
  return first && second
    ? `${first}, ${second.toLowerCase()}` : `${cell.resolution}, ${cell.batch}`;
}
