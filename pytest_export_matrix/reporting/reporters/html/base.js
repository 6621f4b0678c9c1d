// What the other scripts share: the data, how elements are made, how libraries are unpacked.

const MARKS = {
  passed: "✓",
  failed: "✗",
  crashed: "!",
  timed_out: "…",
  out_of_memory: "■",
  unavailable: "–",
  flaky: "≈",
};

const byId = (id) => document.getElementById(id);
const words = (name) => name.replaceAll("_", " ");
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
const unique = (values) => [...new Set(values)];
const narrow = matchMedia("(max-width: 700px)");
const dark = matchMedia("(prefers-color-scheme: dark)");

/** An element. Strings among the children become text, never markup. */
function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null && child !== ""));
  return element;
}

/** How a cell counts: a cell that passed only when it was run again is neither red nor green. */
const state = (cell) => (cell.flaky ? "flaky" : cell.outcome);

/** A short figure: 0, 0.0123, 1.23e-7. Figures that are no number come as words. */
function figure(value) {
  if (typeof value !== "number") return value ?? "–";
  if (value === 0 || Number.isInteger(value)) return String(value);
  return Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5
    ? value.toExponential(2)
    : String(Number(value.toPrecision(4)));
}

const seconds = (cell) => sum(Object.values(cell.seconds));

/** A link that opens a cell; the address can be sent to others. */
function link(id, text, kind = "") {
  return el("a", { href: `#${id}`, class: kind }, text);
}

/** Takes away what the address names, without a jump. */
function leaveAddress() {
  history.replaceState(null, "", location.href.split("#")[0]);
}

function badge(cell) {
  const kind = state(cell);
  return link(cell.id, `${MARKS[kind]} ${words(cell.ending)}`, `outcome ${kind}`);
}

/** A text that is carried in the page, compressed: the results, or a library. */
async function unpack(id) {
  const packed = Uint8Array.from(atob(byId(id).textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

async function scriptUrl(id) {
  return URL.createObjectURL(new Blob([await unpack(id)], { type: "text/javascript" }));
}

async function loadDataTables() {
  const [url, style] = await Promise.all([scriptUrl("datatables-js"), unpack("datatables-css")]);
  const own = document.querySelector("style");
  own.before(el("style", {}, style));
  return (await import(url)).default;
}

/** Plotly is five megabytes: it is unpacked when a plot comes near to being seen. */
async function loadPlotly() {
  const script = el("script", { src: await scriptUrl("plotly-js") });
  const loaded = new Promise((done, failed) => {
    script.onload = done;
    script.onerror = failed;
  });
  document.head.append(script);
  await loaded;
  return globalThis.Plotly;
}

/** A frame later, since the marks change the height of what is observed. */
const widths = new ResizeObserver((entries) => requestAnimationFrame(() => {
  for (const box of new Set(entries.map(({ target }) => target.closest(".scroll, .tall"))))
    if (box) markWidth(box);
}));

/** Keeps a box marked while it is wider than the screen, so that it shows that it scrolls. */
function watchWidth(box) {
  if (box.dataset.watched === undefined) box.addEventListener("scroll", () => markWidth(box));
  box.dataset.watched = "";
  for (const element of [box, ...box.children]) widths.observe(element);
}

function markWidth(box) {
  const rest = box.scrollWidth - box.clientWidth;
  box.classList.toggle("wide", rest > 1);
  box.classList.toggle("more", rest - box.scrollLeft > 1);
}

const data = JSON.parse(await unpack("data"));
const cells = new Map(data.cells.map((cell) => [cell.id, cell]));
const AXES = Object.keys(data.axes);
