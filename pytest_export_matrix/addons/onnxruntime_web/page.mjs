// The page: the runner calls `load` and `run`, which return the seconds that the engine took, or why not.
// https://onnxruntime.ai/docs/tutorials/web/env-flags-and-session-options.html

import * as ort from "/engine/ort.wasm.min.mjs";

import { answer } from "/tensors.mjs";

let session;

async function load(threads) {
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = "/engine/";
  const began = performance.now();
  session = await ort.InferenceSession.create("/model", { executionProviders: ["wasm"] });
  return (performance.now() - began) / 1e3;
}

async function run() {
  const given = new Uint8Array(await (await fetch("/input")).arrayBuffer());
  const { bytes, seconds } = await answer(session, given, ort.Tensor);
  const kept = await fetch("/output", { method: "POST", body: bytes });
  if (!kept.ok) throw new Error(`the answer could not be kept: ${await kept.text()}`);
  return seconds;
}

// The reason alone: a stack would name the port of this run.
const told = (work) => (argument) =>
  work(argument).then(
    (seconds) => ({ seconds }),
    (error) => ({ reason: error.message ?? String(error) }),
  );
Object.assign(globalThis, { load: told(load), run: told(run) });
