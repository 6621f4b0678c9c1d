// The lines of a program that a worker talks to: see pytest_export_matrix/runtimes/program.py.

import fs from "node:fs";
import readline from "node:readline";

function say(word, text) {
  fs.writeSync(1, `${word} ${String(text).replaceAll("\n", "\\n")}\n`);
}

const reasonOf = (error) => (error && error.message ? error.message : error);

// `load()` returns the seconds that loading took, `answer(input, output)` those that the engine took to
// answer the file `input` with the file `output`.
export async function serve(load, answer) {
  console.log = console.error; // standard output is for answers alone
  try {
    say("done", await load());
  } catch (error) {
    say("failed", reasonOf(error));
    process.exit(1);
  }
  for await (const line of readline.createInterface({ input: process.stdin })) {
    try {
      say("done", await answer(...line.split("\t")));
    } catch (error) {
      say("failed", reasonOf(error));
    }
  }
}

// The engine has died: no more lines will be answered.
export function crash(reason) {
  say("crashed", reason);
  process.exit(1);
}
