"""The base of all steps: take from the store what it holds of the parts, ask a worker for the rest,
try once more what failed, and keep what may be remembered."""

from __future__ import annotations

import contextlib
import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import (
    Any,
    ClassVar,
    Dict,
    Generator,
    Generic,
    Hashable,
    Iterable,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
    TypeVar,
    Union,
)

from pytest_export_matrix.execution.answers import (
    StepAnswer,
    Uses,
    holds_under_limits,
    read_answer,
    read_stored,
)
from pytest_export_matrix.execution.remembered import Remembered
from pytest_export_matrix.execution.retry import (
    IsNews,
    may_be_stored,
    merge_attempts,
    should_retry,
)
from pytest_export_matrix.execution.store import Entry
from pytest_export_matrix.execution.workers.availability import Availability
from pytest_export_matrix.execution.workers.dispatcher import Dispatcher
from pytest_export_matrix.machine import devices
from pytest_export_matrix.machine.hashing import digest, settled_digest
from pytest_export_matrix.planning.recipes import Case, Recipe
from pytest_export_matrix.vocabulary.entries import Eager
from pytest_export_matrix.worker import messages
from pytest_export_matrix.worker.messages import Model

P = TypeVar("P", bound=Hashable)
#: A part, the answer about it, and the folder of the files that belong to it.
Found = Tuple[P, StepAnswer, Optional[Path]]
#: The requests that have parts.
Parted = Union[messages.Prepare, messages.Agree, messages.Export]
Asked = Generator[Found[P], None, None]


@dataclass
class PreparedModel:
    """The result of `prepare`: the model's identity for keys (empty where its sources are not
    known), its answers by case, the precisions below float32 that its noise was measured in, and
    whether other eager models agree with the answers."""

    identity: str = ""
    weights: str = ""
    cases: Dict[Case, StepAnswer] = field(default_factory=dict)
    seconds: Dict[str, float] = field(default_factory=dict)
    agreements: Dict[Eager, Dict[Case, StepAnswer]] = field(default_factory=dict)
    precisions: Sequence[str] = ()

    def folders(self, cases: Iterable[Case], weights: bool = True) -> List[str]:
        """Where the store keeps the answers to `cases`, and the weights."""
        answers = [self.cases[case].folder for case in cases]
        return list(filter(None, [os.path.dirname(self.weights) if weights else "", *answers]))


#: What was ended from outside does not count as a try, so that there can be two.
RETRIES = 2


class Step(Generic[P]):
    """One step of several parts. Used by several threads and several processes at once.

    A new step defines `kind`, `lock_key`, `key` and `ask`, and overrides others where it differs.
    """

    #: The kind of the store's entries.
    kind: ClassVar[str]
    #: True: failing parts are tried again one by one, until one fails again. False: in one task.
    one_by_one: ClassVar[bool] = False
    #: Whether looking an answer up reads its files, or only what is said of them.
    reads_files: ClassVar[bool] = True

    def __init__(self, remembered: Remembered, dispatcher: Dispatcher) -> None:
        self.remembered, self.dispatcher = remembered, dispatcher
        self.store = remembered.store

    def lock_key(self) -> str:
        """The key of the lock: work with the same key is never done twice at once."""
        raise AssertionError(type(self))

    def key(self, part: P) -> str:
        """A digest of what is asked about a part: of all that its answer depends on beside what is
        installed."""
        raise AssertionError(type(self))

    def ask(self, parts: Sequence[P]) -> Asked[P]:
        """Yield what a worker answers about `parts`. The files of a part exist until the next part
        is asked for."""
        raise AssertionError(type(self))

    def format(self, part: P) -> str:
        """The format that a part is about, if it is about one."""
        return ""

    def answers(self, parts: Sequence[P], is_news: IsNews) -> Dict[P, StepAnswer]:
        """The answer about each part, stored or new. A failure that is news is tried twice."""
        with self.store.lock(self.kind, self.lock_key(), self.dispatcher.stopped):
            looked_up = {part: self.stored(part) for part in parts}
            found = {part: answer for part, answer in looked_up.items() if answer}
            missing = [part for part in parts if part not in found]
            if missing:
                self._make(missing, found)
            for _ in range(RETRIES):
                failing = [
                    part for part in parts if should_retry(found[part], is_news, self.format(part))
                ]
                self._retry(failing, found)
            return found

    def _retry(self, failing: Sequence[P], found: Dict[P, StepAnswer]) -> None:
        if failing and not self.one_by_one:
            self._make(failing, found)
        for index, part in enumerate(failing if self.one_by_one else ()):
            self._make([part], found)
            if not found[part].passed:
                for each in failing[index + 1 :]:
                    found[each].tried = True
                    found[each] = self.keep(each, found[each])
                break

    def _make(self, parts: Sequence[P], found: Dict[P, StepAnswer]) -> None:
        """Add to `found` what a worker answers now."""
        with contextlib.closing(self.ask(parts)) as asked:
            for part, answer, files in asked:
                found[part] = self.keep(part, merge_attempts(found.get(part), answer), files)

    def stored(self, part: P) -> Optional[StepAnswer]:
        """What the store holds about a part."""
        return self.look_up(self.key(part))

    def look_up(self, asked: str) -> Optional[StepAnswer]:
        """The stored answer to what was `asked`, if it still holds: its files are intact, what it
        was made from and what it used has not changed, and the limits of this run would not change
        how it ended."""
        for key, entry, uses in self.remembered.find(self.kind, asked, self.reads_files):
            answer = self.read(entry, key, uses)
            if answer:
                return answer
        return None

    def read(self, entry: Entry, key: str, uses: Uses) -> Optional[StepAnswer]:
        """The answer that an entry holds, if it still holds."""
        answer = read_stored(entry.data, StepAnswer)
        if answer is None or not holds_under_limits(answer, self.dispatcher.under_limits):
            return None
        if not unchanged(answer.dependencies):
            return None
        answer.cached, answer.key, answer.uses = True, key, uses
        answer.dependencies = self.remembered.held(answer.dependencies)
        answer.folder = str(self.store.folder(self.kind, key))
        return answer

    def keep(self, part: P, answer: StepAnswer, files: Optional[Path] = None) -> StepAnswer:
        """Store the answer about a part if it may be remembered. Returns the answer."""
        if may_be_stored(answer):
            if files:
                files.mkdir(exist_ok=True)
            asked, data = self.key(part), answer.to_store()
            key = self.remembered.keep(self.kind, asked, answer.uses, data, files)
            answer.key, answer.folder = key, str(self.store.folder(self.kind, key))
        return answer

    def reads(self) -> List[str]:
        """The folders of the entries that the work reads."""
        return []

    def asked(self, label: str, body: messages.Body, environment: str) -> StepAnswer:
        """What a worker that has the model's code answers. Raises Damaged where what the task read
        is not intact: its answer may be due to that."""
        answer = self.dispatcher.export(label, body, environment)
        self.store.check(self.reads())
        return answer

    def ask_parts(
        self, body: Parted, folders: Mapping[str, Path], label: str, environment: str
    ) -> Tuple[StepAnswer, Dict[str, StepAnswer]]:
        """Carry out a task of several parts. Returns the task's answer, and that of each part.

        `folders` holds the folder of each part, by name. If a part ends the worker or exceeds a
        limit, only that part fails, and the parts after it are asked about again. A failure
        before any part is the answer of all parts. Raises Damaged, as `asked` does.
        """
        pending, answers = dict(folders), {}
        whole = StepAnswer()
        while pending:
            whole = self.asked(label, _of_parts(body, pending), environment)
            for name in list(pending):
                answer = read_answer(str(pending[name]))
                if answer:
                    limits = self.dispatcher.under_limits
                    answers[name] = StepAnswer.of(answer, environment, limits)
                    answers[name].log = whole.log
                    del pending[name]
            if whole.passed:
                break
            if whole.note not in pending:
                answers.update(dict.fromkeys(pending, whole))
                break
            answers[whole.note] = whole
            del pending[whole.note]
        if not all(answer.passed for answer in (whole, *answers.values())):
            self.store.check_space()
        return whole, answers


class ModelStep(Step[P]):
    """A step for the model of `recipe`, as far as that is prepared."""

    def __init__(
        self,
        remembered: Remembered,
        available: Availability,
        recipe: Recipe,
        prepared: PreparedModel,
    ) -> None:
        super().__init__(remembered, available.dispatcher)
        self._available, self._recipe, self._prepared = available, recipe, prepared

    def reads(self) -> List[str]:
        return self._prepared.folders(())


def _of_parts(body: Parted, names: Mapping[str, Path]) -> Parted:
    """The request, with only the parts that are named."""
    parts: Any = [part for part in body.parts if part.name in names]
    return replace(body, parts=parts)


def unchanged(dependencies: Mapping[str, str]) -> bool:
    """Whether the files, each with its sha256, are still as they were."""
    try:
        return all(settled_digest(Path(name)) == sha256 for name, sha256 in dependencies.items())
    except OSError:
        return False


def reference_key(prepared: PreparedModel, device: str, case: Case) -> str:
    """The key of what the eager model answers to a case."""
    described = [devices.described(device), asdict(case), prepared.precisions]
    return digest([prepared.identity, device, *described])


def model_of(recipe: Recipe) -> Model:
    """The recipe's model as a worker gets it."""
    architecture = recipe.architecture
    return Model(
        architecture.build,
        dict(architecture.keywords),
        architecture.inputs,
        list(architecture.layouts),
        recipe.outputs,
        architecture.calibrate,
    )


def eager_of(recipe: Recipe, prepared: PreparedModel) -> messages.Eager:
    """The eager model that the recipe's exporter starts from, as a worker gets it."""
    return messages.Eager(
        model_of(recipe),
        recipe.cell.device,
        prepared.weights,
        recipe.renames,
        recipe.eager.changes,
    )
