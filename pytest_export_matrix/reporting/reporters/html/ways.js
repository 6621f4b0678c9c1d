// Cells -> rows of the map: a way out of Python each, ways that do alike in one. Pure.

const WAY = ["device", "method", "preparation", "format", "runtime"];
const key = (cell, axes) => axes.map((axis) => cell[axis]).join("-");
const captured = (cell) =>
  cell.preparation === "plain" ? cell.method : `${cell.method} (${cell.preparation})`;
const called = (name) => data.names[name] ?? name;

/** Compares what has values on `axes`, in the order in which they are registered. */
function inOrder(axes) {
  return (a, b) => {
    for (const axis of axes) {
      const difference = data.axes[axis].indexOf(a[axis]) - data.axes[axis].indexOf(b[axis]);
      if (difference) return difference;
    }
    return 0;
  };
}

/** Every way on every device, each with its squares: the cells of an architecture, by place.
 * Devices on which nothing was run come last, and are one group each. */
function allWays(cells) {
  const ran = new Set(cells.filter((c) => c.outcome !== "unavailable").map((c) => c.device));
  const found = new Map();
  for (const cell of cells) {
    const id = key(cell, WAY);
    if (!found.has(id)) {
      const group = !ran.has(cell.device) ? `${cell.device}: nothing was run`
        : ran.size > 1 ? `${captured(cell)} on ${cell.device}` : captured(cell);
      const axes = Object.fromEntries(WAY.map((axis) => [axis, cell[axis]]));
      found.set(id, { ...axes, group, ran: ran.has(cell.device), squares: new Map() });
    }
    const { squares } = found.get(id);
    if (!squares.has(cell.architecture)) squares.set(cell.architecture, { cells: [] });
    squares.get(cell.architecture).cells.push(cell);
  }
  for (const way of found.values())
    for (const square of way.squares.values()) {
      square.cells.sort((a, b) => placeOf(a) - placeOf(b));
      square.places = places(square.cells);
    }
  const ordered = inOrder(WAY);
  return [...found.values()].sort((a, b) => b.ran - a.ran || ordered(a, b));
}

/** The map of the cells that the filters leave: architectures, and rows in groups. */
function mapOf(ways, left) {
  const seen = new Set([...left].map((cell) => cell.architecture));
  const architectures = data.axes.architecture.filter((name) => seen.has(name));
  const groups = new Map();
  for (const way of ways) {
    const squares = architectures.map((name) => squareOf(way.squares.get(name), left));
    if (!squares.some(Boolean)) continue;
    if (!groups.has(way.group)) groups.set(way.group, new Map());
    const rows = groups.get(way.group);
    const alike = squares.map((square) => square?.looks ?? "").join("|");
    if (rows.has(alike)) merge(rows.get(alike), way, squares);
    else rows.set(alike, { ways: [way], squares });
  }
  return {
    architectures,
    groups: [...groups].map(([name, rows]) => ({ name, rows: [...rows.values()] })),
  };
}

/** One square, or null where the filters leave nothing of it. */
function squareOf(square, left) {
  const cells = square?.cells.filter((cell) => left.has(cell)) ?? [];
  if (!cells.length) return null;
  const marks = square.places.map((planned) => markOf(planned, left));
  const hidden = marks.every(({ kind }) => kind === "hidden" || kind === "unplanned");
  const more = hidden ? `+${cells.length}` : "";
  return { cells, marks, more, looks: more || marks.map((m) => m.kind + m.sign).join() };
}

function merge(row, way, squares) {
  row.ways.push(way);
  row.squares = row.squares.map((square, i) =>
    square && { ...square, cells: [...square.cells, ...squares[i].cells] });
}

/** The name of a row: formats and their runtimes, e.g. `TorchScript: PyTorch, libtorch`. A runtime
 * that is called like its format stands for both. */
function nameOf(ways) {
  const several = unique(ways.map(captured)).length > 1;
  const runtimes = new Map();
  for (const way of ways) {
    const format = (several ? `${captured(way)} → ` : "") + called(way.format);
    runtimes.set(format, [...(runtimes.get(format) ?? []), called(way.runtime)]);
  }
  return [...runtimes].map(([format, names]) =>
    (names[0] === format ? names.join(", ") : `${format}: ${names.join(", ")}`));
}
