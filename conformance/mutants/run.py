"""All mutants of a model -> how each ended. Some end the process that runs them."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import numpy as np

from conformance.mutants.judging import Fate, Judge, Verdict
from conformance.mutants.planting import mutants
from pytest_export_matrix import Architecture

#: A mutant that takes longer does not end. So long may its model take to be built and asked, too.
SECONDS = 300.0


class Judged(NamedTuple):
    architecture: str
    kind: str
    where: str
    verdict: Verdict


def judged(architecture: Architecture, most: int) -> Iterator[Judged]:
    """All mutants of a model, judged in another process. Where one ends that process, a new one
    goes on with the mutant behind it."""
    done = 0
    while True:
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.get_context("spawn").Process(
            target=_judge, args=(theirs, architecture, most, done)
        )
        process.start()
        theirs.close()
        started: tuple[str, str] | None = None
        try:
            while ours.poll(SECONDS):
                told = ours.recv()
                if told is None:
                    return
                if isinstance(told, Verdict):
                    assert started is not None
                    yield Judged(architecture.name, *started, told)
                    started, done = None, done + 1
                else:
                    started = told
        except EOFError:
            pass
        finally:
            process.kill()
            process.join()
        if started is None:
            raise SystemExit(f"{architecture.name}: its file could not be judged")
        yield Judged(architecture.name, *started, Verdict(Fate.ENDED, {}))
        done += 1


def _judge(pipe: Connection, architecture: Architecture, most: int, skipped: int) -> None:
    """Tells each mutant before its verdict, and None at the end."""
    with tempfile.TemporaryDirectory() as folder:
        judge = Judge(architecture, Path(folder))
        for index, mutant in enumerate(mutants(judge.original, most, np.random.default_rng(0))):
            if index >= skipped:
                pipe.send((mutant.kind, mutant.where))
                pipe.send(judge.verdict(mutant.model))
    pipe.send(None)
