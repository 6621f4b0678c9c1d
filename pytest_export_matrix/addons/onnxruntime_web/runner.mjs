// Runs an ONNX file with ONNX Runtime in a page of a browser that is installed.
//
//   node runner.mjs MODEL THREADS BROWSER FOLDER
//
// Playwright starts the browser without a window, with its profile in FOLDER. The page, the engine, the model and the tensors are
// served to it on 127.0.0.1, and nothing else is. INPUT of each line is a safetensors file with the
// model's inputs "0", "1", ... in their order, OUTPUT becomes one with its outputs.

import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

import { crash, serve } from "./serve.mjs";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const TYPES = { ".html": "text/html", ".mjs": "text/javascript", ".wasm": "application/wasm" };
// Threads of WebAssembly share memory, which a browser allows to isolated pages alone.
const ISOLATED = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};
const [model, threads, browser, folder] = process.argv.slice(2);
process.env.TMPDIR = folder;
const exchanged = { input: "", output: "" };

function fileOf(url) {
  if (url === "/model") return model;
  if (url === "/input") return exchanged.input;
  if (url.startsWith("/engine/")) {
    return path.join(HERE, "node_modules", "onnxruntime-web", "dist", path.basename(url));
  }
  return path.join(HERE, path.basename(url));
}

function respond(request, response) {
  const file = request.method === "POST" ? exchanged.output : fileOf(request.url);
  const type = TYPES[path.extname(file)] ?? "application/octet-stream";
  const failed = (error) => response.writeHead(500).end(String(error));
  if (request.method === "POST") {
    const kept = fs.createWriteStream(file).on("error", failed);
    request.pipe(kept).on("finish", () => response.writeHead(200, ISOLATED).end());
  } else {
    const read = fs.createReadStream(file).on("error", failed);
    read.on("open", () => response.writeHead(200, { ...ISOLATED, "Content-Type": type }));
    read.pipe(response);
  }
}

async function open() {
  const server = http.createServer(respond);
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const started = await chromium.launch({
    executablePath: browser,
    timeout: 0, // a cell has its own limit
    chromiumSandbox: process.getuid?.() !== 0, // root has none
  });
  started.on("disconnected", () => crash("the browser ended"));
  const page = await started.newPage();
  page.on("console", (message) => console.error(message.text()));
  page.on("crash", () => crash("the page crashed"));
  page.on("pageerror", (error) => crash(`the page does not work: ${error.message}`));
  page.setDefaultTimeout(0);
  await page.goto(`http://127.0.0.1:${server.address().port}/page.html`);
  await page.waitForFunction("globalThis.run");
  return page;
}

async function call(page, code) {
  const { seconds, reason } = await page.evaluate(code);
  if (reason !== undefined) throw new Error(reason);
  return seconds;
}

let page;
await serve(
  async () => {
    page = await open();
    return call(page, `load(${Number(threads)})`);
  },
  (input, output) => {
    Object.assign(exchanged, { input, output });
    return call(page, "run()");
  },
);
process.exit(0); // with the browser
