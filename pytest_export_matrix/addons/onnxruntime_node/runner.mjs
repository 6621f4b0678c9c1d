// Runs an ONNX file with ONNX Runtime from Node.js: https://onnxruntime.ai/docs/api/js/
//
//   node runner.mjs MODEL DEVICE THREADS
//
// INPUT of each line is a safetensors file with the model's inputs "0", "1", ... in their order,
// OUTPUT becomes one with its outputs.

import fs from "node:fs";
import ort from "onnxruntime-node";

import { serve } from "./serve.mjs";
import { answer } from "./tensors.mjs";

const [model, device, threads] = process.argv.slice(2);
let session;

await serve(
  async () => {
    const began = performance.now();
    session = await ort.InferenceSession.create(model, {
      executionProviders: [device],
      intraOpNumThreads: Number(threads),
      interOpNumThreads: 1,
    });
    return (performance.now() - began) / 1e3;
  },
  async (input, output) => {
    const { bytes, seconds } = await answer(session, fs.readFileSync(input), ort.Tensor);
    fs.writeFileSync(output, bytes);
    return seconds;
  },
);
