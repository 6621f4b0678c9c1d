"""The files that the parent and a worker exchange: their names, and how to write and read them.

A worker is one process that has imported the slow libraries and forks a child for every task
(where forking is not safe, it serves one task itself and ends). All messages are files, so nothing
that a library prints, closes or redirects can corrupt them:

    CONTROL/config.json   parent -> worker  messages.WorkerConfig
    CONTROL/ready.json    worker -> parent  messages.Ready
    standard input        parent -> worker  one line, the path of a task's folder; its end: finish
    TASK/request.json     parent -> child   messages.Request, which the child removes
    TASK/started.json     child  -> parent  messages.Started
    TASK/stages.jsonl     child  -> parent  messages.StageEvent, one a line
    TASK/made_from.json   child  -> parent  {file: sha256} that the task has read until then
    TASK/answer.json      child  -> parent  messages.Answer, written whole or not at all
    TASK/exit.json        worker -> parent  messages.Ended
    TASK/log.txt          standard output and error of the child

What a file holds is declared in `messages`. A task that runs an engine gets a folder of copies, and
leaves its answers there (`calls`):

    ENGINE/file/          parent -> child   the exported file, with all that belongs to it
    ENGINE/program/       parent -> child   the program of a runtime that is one
    ENGINE/inputs/N.npz   parent -> child   the input arrays of a case
    ENGINE/answers-*/N.npz  child -> child  the answer to call N; the task `compare` reads it
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any, List

CONFIG, READY = "config.json", "ready.json"
REQUEST, STARTED, STAGES, MADE_FROM, ANSWER, EXIT, LOG = (
    "request.json",
    "started.json",
    "stages.jsonl",
    "made_from.json",
    "answer.json",
    "exit.json",
    "log.txt",
)


def write_json(folder: str, name: str, value: Any) -> None:
    """Write a file of `folder` so that a reader sees all of it or nothing."""
    path = os.path.join(folder, name)
    partial = f"{path}.{os.getpid()}"
    with open(partial, "w", encoding="utf-8") as file:
        json.dump(value, file)
    os.replace(partial, path)


def read_json(folder: str, name: str) -> Any:
    """The content of a file of `folder`, or None where it is not there (yet). Raises ValueError
    where it is no JSON: whatever runs in a task may write there."""
    try:
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return None
    except RecursionError as error:
        raise ValueError(str(error)) from None


def append_line(folder: str, name: str, value: Any) -> None:
    """Add a line to a file of `folder`."""
    with open(os.path.join(folder, name), "a", encoding="utf-8") as file:
        file.write(json.dumps(value) + "\n")


def read_lines(folder: str, name: str) -> List[Any]:
    """The lines of a file so far; one that is still being written is left for the next look. A line
    that is no JSON is left out: whatever runs in a task may write there."""
    found = []
    try:
        with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.endswith("\n"):
                    with contextlib.suppress(ValueError, RecursionError):
                        found.append(json.loads(line))
    except FileNotFoundError:
        pass
    return found
