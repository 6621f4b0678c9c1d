// Tensors of ONNX Runtime in safetensors files (https://huggingface.co/docs/safetensors), as bytes, for
// Node.js and for browsers.

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

// The tensors "0", "1", ... of a file, in their order. `Tensor` is ONNX Runtime's class.
export function readTensors(bytes, Tensor) {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const start = 8 + Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start)));
  delete header.__metadata__;
  const tensors = {};
  for (const [name, { dtype, shape, data_offsets: [from, to] }] of Object.entries(header)) {
    const [type, Elements] = TYPES[dtype];
    const own = bytes.slice(start + from, start + to); // aligned
    const buffer = own.buffer.slice(own.byteOffset, own.byteOffset + own.byteLength);
    tensors[name] = new Tensor(type, new Elements(buffer), shape);
  }
  return Object.values(tensors); // names that are numbers come in order
}

// The bytes of a file that holds `tensors` as "0", "1", ...
export function writeTensors(tensors) {
  const header = {};
  const parts = [];
  let offset = 0;
  tensors.forEach((tensor, i) => {
    const found = Object.entries(TYPES).find(([, [type]]) => type === tensor.type);
    if (!found) throw new Error(`output ${i} is of type ${tensor.type}`);
    const { buffer, byteOffset, byteLength } = tensor.data;
    const data_offsets = [offset, offset + byteLength];
    header[i] = { dtype: found[0], shape: [...tensor.dims], data_offsets };
    parts.push(new Uint8Array(buffer, byteOffset, byteLength));
    offset += byteLength;
  });
  const text = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  let place = 8 + text.length;
  for (const part of parts) {
    bytes.set(part, place);
    place += part.length;
  }
  return bytes;
}

// The tensors by the names that the file has for its inputs. As in runtimes/onnxruntime.py: the names
// input_0, input_1, ... count, since a file may lack inputs that its graph does not use. A file with
// names of another exporter takes all tensors in their order.
export function feedsOf(names, tensors) {
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

// Has `session`, of ONNX Runtime, answer the bytes of a file with those of another one, and says how
// many seconds it took.
export async function answer(session, bytes, Tensor) {
  const feeds = feedsOf(session.inputNames, readTensors(bytes, Tensor));
  const began = performance.now();
  const found = await session.run(feeds);
  const seconds = (performance.now() - began) / 1e3;
  return { bytes: writeTensors(session.outputNames.map((name) => found[name])), seconds };
}
