// One architecture in full: how each way out of it ended at each size and batch, what a call and
// the file cost, and what it needs.

/** The rows of the table, a way each. Ways on a device where nothing was run have none. Pure. */
function architectureRows(ways, name) {
  return ways.filter((way) => way.ran && way.squares.has(name)).map((way) => {
    const square = way.squares.get(name);
    const [usual] = square.places;
    const passed = usual.find((cell) => cell.outcome === "passed");
    const file = usual.find((cell) => cell.artifact)?.artifact;
    const calls = Object.values(passed?.latency ?? {});
    return {
      way,
      places: square.places,
      ms: calls.map((call) => (1000 * call).toFixed(0)).join(" / "),
      mb: file ? (file.bytes / 1e6).toFixed(1) : "",
      needs: unique(square.cells.flatMap((cell) => cell.extra_dependencies)).join(", "),
    };
  });
}

function drawArchitecture(name) {
  const header = ["Runs in", ...PLACES.map(({ title }) => title), "ms", "MB", "Needs"];
  const rows = architectureRows(map.ways, name);
  const body = el("tbody", { role: "rowgroup" });
  let group = null;
  for (const row of rows) {
    if (row.way.group !== group) {
      group = row.way.group;
      body.append(el("tr", { class: "group", role: "row" }, el("th",
        { scope: "rowgroup", role: "rowheader", colspan: header.length }, group)));
    }
    body.append(architectureRow(row, header));
  }
  const caption = `${name}: first call and later ones (median) in milliseconds, at the exported `
    + "size, measured while other cells ran";
  const head = header.map((text) => el("th", { scope: "col", role: "columnheader" }, text));
  const host = byId("architecture-table");
  host.replaceChildren(rows.length ? el(
    "div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${name} in full` },
    el("table", { class: "plain cards", role: "table" },
      el("caption", { class: "small" }, caption),
      el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...head)), body),
  ) : el("p", {}, "None of its cells was run."));
  host.querySelectorAll(".scroll").forEach(watchWidth);
}

function architectureRow({ way, places, ms, mb, needs }, header) {
  const entries = [...places.map(placeElement), ms, mb, needs];
  return el(
    "tr", { role: "row" },
    el("th", { scope: "row", role: "rowheader" }, ...nameOf([way])),
    ...entries.map((entry, i) => el("td", {
      role: "cell", "data-label": header[i + 1], class: i < places.length ? "mark" : "",
    }, entry)),
  );
}

/** The mark of each cell of a place, beside the stage that failed; it opens the cell. */
function placeElement(planned) {
  if (!planned.length) return SIGNS.unplanned;
  return el("span", {}, ...planned.map((cell) => {
    const { sign, kind } = markOf([cell], new Set([cell]));
    const stage = cell.outcome !== "passed" && cell.stage ? ` ${cell.stage}` : "";
    const opener = link(cell.id, "", `stage ${kind}`);
    opener.append(el("b", {}, sign), stage);
    opener.setAttribute("aria-label", `${sizes(cell)}: ${words(cell.ending)}`);
    return opener;
  }));
}

function openArchitecture(name) {
  byId("architecture-choice").value = name;
  drawArchitecture(name);
  byId("architecture").scrollIntoView();
  byId("architecture-choice").focus({ preventScroll: true });
}

/** Offers the architectures that have a cell; keeps the one that is chosen. */
function offerArchitectures(cells) {
  const choice = byId("architecture-choice");
  const before = choice.value;
  const planned = new Set(cells.map((cell) => cell.architecture));
  const names = data.axes.architecture.filter((name) => planned.has(name));
  choice.replaceChildren(...names.map((name) => el("option", {}, name)));
  if (names.includes(before)) choice.value = before;
  byId("architecture").hidden = !names.length;
  if (names.length) drawArchitecture(choice.value);
}

byId("architecture-choice").addEventListener("change", (event) =>
  drawArchitecture(event.target.value));
