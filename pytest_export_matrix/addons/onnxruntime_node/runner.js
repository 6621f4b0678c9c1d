// Runs an ONNX file with ONNX Runtime from Node.js.
//
//   node runner.js MODEL DEVICE THREADS
//
// Then every line INPUT<tab>OUTPUT on standard input is answered: INPUT is a safetensors file with
// the model's inputs "0", "1", ... in their order, OUTPUT becomes one with its outputs. See
// pytest_export_matrix/runtimes/program.py for the lines that are answered, and
// https://onnxruntime.ai/docs/api/js/ for the engine.
"use strict";

const fs = require("node:fs");
const readline = require("node:readline");
const ort = require("onnxruntime-node");

// By the names of safetensors: those of ONNX Runtime, and what holds their elements.
const TYPES = {
  F32: ["float32", Float32Array],
  F64: ["float64", Float64Array],
  F16: ["float16", Uint16Array],
  I64: ["int64", BigInt64Array],
  I32: ["int32", Int32Array],
  I16: ["int16", Int16Array],
  I8: ["int8", Int8Array],
  U8: ["uint8", Uint8Array],
  BOOL: ["bool", Uint8Array],
};

// The tensors of a safetensors file, by name: https://huggingface.co/docs/safetensors
function readTensors(path) {
  const bytes = fs.readFileSync(path);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf-8", 8, start));
  delete header.__metadata__;
  const tensors = {};
  for (const [name, { dtype, shape, data_offsets: [from, to] }] of Object.entries(header)) {
    const [type, Elements] = TYPES[dtype];
    const own = new Uint8Array(bytes.subarray(start + from, start + to)); // aligned
    tensors[name] = new ort.Tensor(type, new Elements(own.buffer), shape);
  }
  return tensors;
}

function writeTensors(path, tensors) {
  const header = {};
  const parts = [];
  let offset = 0;
  tensors.forEach((tensor, i) => {
    const found = Object.entries(TYPES).find(([, [type]]) => type === tensor.type);
    if (!found) throw new Error(`output ${i} is of type ${tensor.type}`);
    const data = Buffer.from(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
    header[i] = {
      dtype: found[0],
      shape: [...tensor.dims],
      data_offsets: [offset, offset + data.length],
    };
    offset += data.length;
    parts.push(data);
  });
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  fs.writeFileSync(path, Buffer.concat([length, text, ...parts]));
}

// The tensors by the names that the file has for its inputs. As in runtimes/onnxruntime.py: the names
// input_0, input_1, ... count, since a file may lack inputs that its graph does not use. A file with
// names of another exporter takes all tensors in their order.
function feedsOf(names, tensors) {
  const given = Object.fromEntries(tensors.map((tensor, i) => [`input_${i}`, tensor]));
  const known = names.filter((name) => name in given);
  if (known.length === names.length) {
    return Object.fromEntries(names.map((name) => [name, given[name]]));
  }
  if (names.length === tensors.length && known.length === 0) {
    return Object.fromEntries(names.map((name, i) => [name, tensors[i]]));
  }
  const [asked, there] = [names.join(", "), Object.keys(given).join(", ")];
  throw new Error(
    `the file takes ${names.length} inputs (${asked}), ${tensors.length} given (${there})`,
  );
}

// Does `work`, which returns the seconds that the engine took, and says one line about it.
async function report(work) {
  let line;
  try {
    line = `done ${await work()}`;
  } catch (error) {
    line = `failed ${String(error && error.message ? error.message : error)}`;
  }
  fs.writeSync(1, `${line.replaceAll("\n", "\\n")}\n`);
  return line.startsWith("done");
}

const since = (began) => Number(process.hrtime.bigint() - began) / 1e9;

async function main([model, device, threads]) {
  console.log = console.error; // standard output is for answers alone
  let session;
  const loaded = await report(async () => {
    const began = process.hrtime.bigint();
    session = await ort.InferenceSession.create(model, {
      executionProviders: [device],
      intraOpNumThreads: Number(threads),
      interOpNumThreads: 1,
    });
    return since(began);
  });
  if (!loaded) process.exit(1);
  for await (const line of readline.createInterface({ input: process.stdin })) {
    await report(async () => {
      const [input, output] = line.split("\t");
      const given = Object.values(readTensors(input)); // names that are numbers come in order
      const feeds = feedsOf(session.inputNames, given);
      const began = process.hrtime.bigint();
      const answer = await session.run(feeds);
      const seconds = since(began);
      writeTensors(output, session.outputNames.map((name) => answer[name]));
      return seconds;
    });
  }
}

main(process.argv.slice(2));
