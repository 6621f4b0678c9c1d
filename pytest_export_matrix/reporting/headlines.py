"""The reason of a failure -> its headline: the line that says something, without places, folders
and what a library says beside it. Pure.
"""

from __future__ import annotations

import functools
import re
from typing import Optional, Sequence

#: A line that is shorter and ends with a colon says nothing without the next one.
SHORT = 40

#: Which inputs: "at [3, 192, 256], [3, 240, 192] (a crowd)".
PLACE = re.compile(r"\bat ((?:\[[\d, ]*\](?:, )?)+(?: \((?:[^()]|\([^()]*\))*\))?)(?:: )?")
ANSWERED = re.compile(r"\d+ of \d+ inputs answered wrongly; ")
IMAGE = re.compile(r"\bimage \d+: ")
#: "3 of 8 values outside tolerance (1.5, expected 1.7, allowed +-0.1)": the figures of one cell.
COUNTED = re.compile(r"\b\d+ of \d+ (?=values|detections|overlap|differ)")
FIGURES = re.compile(r" \((?:[^()]*, expected|the worst)[^()]*\)")
#: What a library says beside it: "... Declaration: ...", "... Please feel free to ...".
BESIDE = re.compile(r"(?<=.{40})\. [A-Z].*")
#: "Fail: [ONNXRuntimeError] : 1 : FAIL : ...", from C++ and JavaScript without the first word.
CODE = r"\[ONNXRuntimeError\] : \d+ : \w+ : "
ONNXRUNTIME = re.compile(rf"(?:\w+: )?{CODE}")
IN_A_BROWSER = re.compile(r"failed to call OrtRun\(\)\. ERROR_CODE: \d+, ERROR_MESSAGE: ")
#: Where in its sources: "/a/op_kernel.cc:87 virtual void f(int) [ONNXRuntimeError] : 1 : ...".
IN_SOURCES = re.compile(rf"\S+\.(?:cc|h):\d+ .*?\) (?:{CODE})?")
INVALID = re.compile(r"This is an invalid model\. ")
#: "Non-zero status code returned while running TopK node. Name:'...' Status Message: ...".
OF_A_NODE = re.compile(r"Non-zero status code returned while running (\S+) node\. Name:.*Message: ")
#: What says no more than that it is an error. In C++ it is left out.
PLAIN_ERROR = re.compile(r"\A(?:RuntimeError|ValueError|Exception|the program (?=killed)):? ?")
FOLDERS = re.compile(r"(?:[\w.<>~+-]*/){2,}(?=[\w.<+-])")
#: The last line of a traceback.
ERROR = re.compile(r"^\w*(?:Error|Exception): .+$", re.MULTILINE)
#: Who made a guard necessary: a frame that may be PyTorch's own, and below it those of the model.
GUARDED = re.compile(r"^Caused by: \((.+)\)$", re.MULTILINE)
OF_THE_MODEL = re.compile(
    r"^(?:The following call raised this error|Original traceback):$", re.MULTILINE
)
FRAME = re.compile(r"^ *File \"(?!<plugin>)([^\"]+)\", line (\d+), in (.+)$", re.MULTILINE)
#: What torch.export says below a line that names sizes, or none: in its own words, and in those of
#: torch.onnx.export.
CONFLICTS = re.compile(r"Constraints violated|conflicts between user-specified ranges")
SPECIALIZED = re.compile(r"marked (\S+) as dynamic but your code specialized it to .+? \((\d+)\)")
STATIC = re.compile(r"inferred a static shape of (\d+) for dimension (\S+)\.")
LOCAL = re.compile(r"L\['(\w+)'\]\.size\(\)")
TRANSLATED = re.compile(r"Exception: (.+)$", re.MULTILINE)
#: What torch.export says above two specifications of many lines.
OTHER_STRUCTURE = "Trying to flatten user inputs with exported input tree spec"
#: What OpenVINO says below lines that name places in its sources.
CONVERTED = re.compile(r"^-- (Conversion is failed for: .+)$", re.MULTILINE)
#: What is taken out of a headline, in this order.
IGNORED = (
    *(ANSWERED, PLACE, IMAGE, COUNTED, FIGURES, IN_SOURCES, IN_A_BROWSER, ONNXRUNTIME),
    *(INVALID, PLAIN_ERROR, FOLDERS, BESIDE),
)


@functools.lru_cache(maxsize=100_000)  # each table groups the same failures
def headline(reason: str) -> str:
    """One line, without places and folders."""
    line = _telling_line(reason.strip())
    line = OF_A_NODE.sub(r"\1: ", line)
    for pattern in IGNORED:
        line = pattern.sub("", line)
    return line.rstrip(" :")


def _telling_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return ""
    told = (tell(text, lines) for tell in TELLERS)
    return next(filter(None, told), None) or _whole_line(lines)


def _guard(text: str, lines: Sequence[str]) -> Optional[str]:
    """A guard of torch.export, at the model's line: PyTorch's own would be the same for all."""
    guarded = GUARDED.search(text)
    if not guarded or "GuardOn" not in lines[0]:
        return None
    frames = [frame for part in OF_THE_MODEL.split(text)[1:] for frame in FRAME.findall(part)]
    place = "{}:{} in {}".format(*frames[-1]) if frames else guarded[1]
    return f"cannot guard on data: {place}"


def _sizes(text: str, lines: Sequence[str]) -> Optional[str]:
    """Sizes that were declared dynamic, and that the model makes a constant."""
    if not CONFLICTS.search(lines[0]):
        return None
    named = [*SPECIALIZED.findall(text), *(found[::-1] for found in STATIC.findall(text))]
    if named:
        sizes = LOCAL.sub(r"\1.shape", ", ".join(map(" = ".join, named)))
        return f"the model makes constant what is to be dynamic: {sizes}"
    return next((line.removeprefix("- ") for line in lines if line.startswith("- ")), None)


def _structure(text: str, lines: Sequence[str]) -> Optional[str]:
    """Inputs of another structure, which torch.export shows by two specifications of many lines."""
    said = "the inputs have another structure than those of the export"
    return said if OTHER_STRUCTURE in lines[0] else None


def _torchscript(text: str, lines: Sequence[str]) -> Optional[str]:
    """A traceback within TorchScript, which says at its end what happened."""
    errors = ERROR.findall(text) if "TorchScript" in text and "Traceback" in text else []
    return str(errors[-1]) if errors else None


def _translation(text: str, lines: Sequence[str]) -> Optional[str]:
    """Operators that have no translation to ONNX, of which the first line gives the number."""
    translated = TRANSLATED.search(text) if lines[0].endswith("errors:") else None
    return f"{lines[0]} {translated[1]}" if translated else None


def _openvino(text: str, lines: Sequence[str]) -> Optional[str]:
    """The operator that OpenVINO does not convert, below lines that name places in its sources."""
    converted = CONVERTED.search(text)
    return converted[1] if converted else None


#: What finds the telling line of a reason of many, by who gave it. The first that knows it decides.
TELLERS = (_guard, _sizes, _structure, _torchscript, _translation, _openvino)


def _whole_line(lines: Sequence[str]) -> str:
    """The first line, with the next one where it announces that or breaks off in a bracket."""
    first, more = lines[0], lines[1:2]
    announces = first.endswith(":") and len(first) < SHORT
    breaks_off = first.count("(") > first.count(")")
    return " ".join([first, *more]) if announces or breaks_off else first
