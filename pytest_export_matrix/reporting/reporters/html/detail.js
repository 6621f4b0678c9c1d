// A cell, opened: everything that is known of it, at an address of its own.

const dialog = byId("detail");

/** Shows the cell that the address names, or closes the one that is open. */
function showAddressed() {
  const id = location.hash.slice(1);
  const change = data.changes.find((each) => each.id === id);
  if (cells.has(id) || change) {
    dialog.replaceChildren(...detail(id, cells.get(id), change));
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
  } else if (dialog.open) dialog.close();
}

dialog.addEventListener("close", () => {
  const id = location.hash.slice(1);
  if (cells.has(id) || data.changes.some((each) => each.id === id))
    leaveAddress();
});
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close(); // the backdrop
});
addEventListener("hashchange", showAddressed);

function detail(id, cell, change) {
  const close = el("button", { type: "button", class: "close", "aria-label": "Close" }, "×");
  close.addEventListener("click", () => dialog.close());
  const head = el(
    "header", {},
    el("h2", { id: "detail-title", tabindex: "-1", autofocus: "" }, ...breakable(id)), close,
  );
  if (!cell) return [head, el("p", {}, "This cell has no result here."), ...changed(change)];
  const kind = state(cell);
  return [
    head,
    el("p", { class: `outcome ${kind}` }, `${MARKS[kind]} ${words(cell.ending)}`),
    ...changed(change),
    ...section("Reason", cell.reason && el(
      "div", {}, el("pre", { tabindex: "0" }, cell.reason), el("p", {}, causeLink(cell.cause)),
    )),
    ...section("How to reproduce it", cell.repro && command(cell.repro)),
    ...section("Deviation from eager", deviation(cell)),
    ...section("Seconds by stage", stageSeconds(cell)),
    ...section("Seconds of a call", facts({
      first: "first" in cell.latency && figure(cell.latency.first),
      "later (median)": "steady" in cell.latency && figure(cell.latency.steady),
    })),
    ...section("Tried beside the engine", cell.trials.length > 0 && table(
      ["with", "ended", "because"],
      cell.trials.map((t) => [
        t.extras.join(", ") || "nothing",
        t.outcome === "passed" ? "passed" : `${t.outcome} at ${t.stage}`,
        t.reason ?? "",
      ].map(String)),
    )),
    ...section("Sizes", facts({
      "exported at": batches(cell.exported_at),
      "ran at": batches(cell.ran_at),
    }, "Each is [images, height, width].")),
    ...section("Artifact", facts({
      bytes: cell.artifact && Number(cell.artifact.bytes).toLocaleString("en"),
      sha256: cell.artifact?.sha256,
      "needed beside the engine": cell.extra_dependencies.join(", "),
    })),
    ...section("Environment", environment(cell)),
    ...section("Warnings", cell.warnings.length && table(
      ["times", "category", "message"],
      cell.warnings.map((w) => [figure(w.count), String(w.category), String(w.message)]),
    )),
  ];
}

function changed(change) {
  if (!change) return [];
  const meaning = data.kinds[change.kind] ?? "";
  return section(`Against ${data.against}`, facts({
    [change.kind]: meaning, was: words(change.old), is: words(change.new),
  }));
}

function section(title, content) {
  return content ? [el("h3", {}, title), content] : [];
}

/** What is known of `entries`; null where nothing is. */
function facts(entries, note = "") {
  const known = Object.entries(entries).filter(([, text]) => text);
  if (!known.length) return null;
  const list = el("dl", {}, ...known.flatMap(([name, text]) => [
    el("dt", {}, name), el("dd", {}, String(text)),
  ]));
  return note ? el("div", {}, list, el("p", { class: "muted" }, note)) : list;
}

function table(header, rows) {
  const line = (tag, texts) => el("tr", {}, ...texts.map((text) => el(tag, {}, text)));
  return el(
    "div", { class: "scroll", tabindex: "0", role: "region", "aria-label": header.join(", ") },
    el(
      "table", { class: "plain" }, el("thead", {}, line("th", header)),
      el("tbody", {}, ...rows.map((row) => line("td", row))),
    ),
  );
}

/** Figures of each output, and the counts (matched, missing, extra) beside them. */
function deviation(cell) {
  const entries = Object.entries(cell.deviation);
  const outputs = entries.filter(([, value]) => value !== null && typeof value === "object");
  const counts = entries.filter(([, value]) => value === null || typeof value !== "object");
  const columns = unique(outputs.flatMap(([, figures]) => Object.keys(figures)));
  if (!entries.length) return null;
  const box = el("div");
  if (outputs.length) {
    const mark = (name) => (cell.deviating.includes(name) ? `✗ ${name}` : name);
    box.append(table(
      ["output", ...columns.map(words)],
      outputs.map(([name, figures]) => [mark(name), ...columns.map((c) => text(figures[c]))]),
    ));
  }
  if (counts.length) {
    const said = counts.map(([name, value]) => `${words(name)} ${text(value)}`).join(", ");
    box.append(el("p", {}, said));
  }
  return box;
}

const text = (value) =>
  value !== null && typeof value === "object" ? JSON.stringify(value) : String(figure(value));

function stageSeconds(cell) {
  const stages = Object.entries(cell.seconds);
  if (!stages.length) return null;
  const rows = [...stages.map(([stage, s]) => [stage, figure(s)]), ["all", figure(seconds(cell))]];
  const box = el("div", {}, table(rows.map(([stage]) => stage), [rows.map(([, s]) => s)]));
  if (cell.cached)
    box.append(el("p", { class: "muted" },
      "Answered from the cache: the seconds are those measured when it was made."));
  return box;
}

function batches(sizes) {
  return sizes.map((size) => `[${size.join(", ")}]`).join(", ");
}

function environment(cell) {
  const known = data.environments[cell.environment] ?? {};
  const packages = Object.entries(known.packages ?? {});
  return facts({
    name: cell.environment,
    Python: known.python,
    platform: known.platform,
    packages: packages.map(([name, version]) => `${name} ${version}`).join(", "),
    "runtime's language": cell.language,
  });
}

/** A command and the button that copies it; where copying is not allowed it is selected. */
function command(line) {
  const code = el("code", {}, line);
  const button = el("button", { type: "button" }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(line);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);
      button.textContent = "Selected";
    }
  });
  return el("div", { class: "command" }, code, button);
}

/** A name that may be broken behind each of its joints: where a value of an axis ends. */
function breakable(name, joint = "-") {
  return name.split(joint).flatMap((part, i) => (i ? [joint, el("wbr"), part] : [part]));
}
