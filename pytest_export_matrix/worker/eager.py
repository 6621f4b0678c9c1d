"""The eager model's answers to one case: the one that counts, and those that show its noise.

A reference has to earn its place. The model is asked twice: a model that answers otherwise the
second time (it has dropout left on, draws random numbers, or counts its calls) is no reference, and
the failure says what moves. Then it is asked some more times with roundings that another engine
might make, and once in float64. `compare.noise` says what that is for.
"""

from __future__ import annotations

import contextlib
import copy
import random
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence

from pytest_export_matrix.compare.noise import FIGURES, ROUNDINGS, Noise
from pytest_export_matrix.vocabulary.entries import FULL, OutputKind
from pytest_export_matrix.vocabulary.errors import in_a_line
from pytest_export_matrix.vocabulary.outcomes import Failure
from pytest_export_matrix.vocabulary.pytrees import flatten, map_leaves, to_arrays, without_empty
from pytest_export_matrix.vocabulary.references import resolve

#: How many times the model is asked with other roundings; the float64 answer is one figure more.
DRAWS = FIGURES - 1
#: What is said where the model asks for its dtype, and so float64 does not tell the truth.
ANOTHER_ANSWER = (
    "the model answers otherwise in float64, by far more than rounding explains; "
    "so files are judged by its other answers alone"
)
#: How much a note says of a library's exception, in characters.
NOTED = 160


@dataclass
class EagerAnswers:
    """Trees of numpy arrays: the answer, the answers with other roundings, and the one in float64
    (None where the model has none). `coarse` are those with everything rounded to a precision, by
    its name. `notes` say what could not be had."""

    answer: Any
    others: List[Any] = field(default_factory=list)
    truth: Optional[Any] = None
    coarse: Dict[str, List[Any]] = field(default_factory=dict)
    notes: List[str] = field(default_factory=list)


class EagerModel:
    """A model in eval mode on a device. `again` builds it once more, with the same weights, for a
    model that cannot be copied."""

    def __init__(self, model: Any, device: str, again: Optional[Callable[[], Any]] = None) -> None:
        self.model, self.device, self._again = model, device, again
        #: Copies, so that whatever a model keeps between calls stays as it was.
        self._other: Any = None
        self._exact: Any = None
        self._not_in_float64 = ""
        self._coarse: Dict[str, Any] = {}

    def answers(self, arguments: Any, precisions: Sequence[str] = ()) -> EagerAnswers:
        """All answers to `arguments`, which stay as they are; also those rounded to `precisions`.

        Raises Failure where the second answer is not the first. What the model raises goes through.
        """
        given = _copied(arguments)
        found = EagerAnswers(ask(self.model, given))
        if not alike(given, arguments):
            found.notes.append("the model changes its inputs in place")
        self._ask_again(arguments, found)
        for draw in range(DRAWS):
            self._ask_otherwise(arguments, draw, found)
        self.ask_in_float64(arguments, found)
        for precision in precisions:
            self._ask_coarsely(arguments, precision, found)
        return found

    def _ask_again(self, arguments: Any, found: EagerAnswers) -> None:
        second = ask(self.model, _copied(arguments))
        if alike(found.answer, second):
            return
        before = _state(self.model)
        ask(self.model, _copied(arguments))
        moved = _moved(before, _state(self.model), self.model)
        if moved or self.device == "cpu":
            raise Failure(f"the model answers otherwise at the second call: {moved or UNSEEN}")
        # A GPU may add up in another order each time.
        found.others.append(second)

    def _ask_otherwise(self, arguments: Any, draw: int, found: EagerAnswers) -> None:
        """Ask with inputs that are off by one rounding, and with other roundings inside."""
        try:
            if self._other is None:
                self._other = self._copy()
            found.others.append(ask_otherwise(self._other, arguments, draw))
        except Exception as error:
            note = f"its rounding could not be measured in full ({in_a_line(error)[:NOTED]})"
            found.notes.append(note)

    def _ask_coarsely(self, arguments: Any, precision: str, found: EagerAnswers) -> None:
        """Ask with the weights, the inputs and each result rounded to `precision`."""
        from pytest_export_matrix.worker.coarse import ask_coarsely, round_weights

        found.coarse[precision] = []
        try:
            if precision not in self._coarse:
                self._coarse[precision] = round_weights(self._copy(), ROUNDINGS[precision])
            model = self._coarse[precision]
            for draw in range(DRAWS):
                with ask_coarsely(arguments, ROUNDINGS[precision], draw) as given:
                    found.coarse[precision].append(ask(model, given))
        except Exception as error:
            note = f"its rounding in {precision} could not be measured in full"
            found.notes.append(f"{note} ({in_a_line(error)[:NOTED]})")

    def ask_in_float64(self, arguments: Any, found: EagerAnswers) -> None:
        """Add the answer in float64 to `found`, or why there is none."""
        import torch

        if self._not_in_float64:
            found.notes.append(self._not_in_float64)
            return
        try:
            if self._exact is None:
                self._exact = self._copy().double()
            exact = map_leaves(
                lambda tensor: tensor.double() if tensor.is_floating_point() else tensor,
                _copied(arguments),
            )
            usual = torch.get_default_dtype()
            torch.set_default_dtype(torch.float64)
            try:
                found.truth = ask(self._exact, exact)
            finally:
                torch.set_default_dtype(usual)
        except Exception as error:
            self._not_in_float64 = f"the model does not run in float64 ({in_a_line(error)[:NOTED]})"
            found.notes.append(self._not_in_float64)

    def _copy(self) -> Any:
        try:
            return copy.deepcopy(self.model)
        except Exception:  # a model may hold what cannot be copied: a lock, a tensor with a history
            if self._again is None:
                raise
            return self._again()


def noises_of(kind: OutputKind, found: EagerAnswers) -> Optional[Dict[str, Noise]]:
    """The noise of the answer by precision, where its kind measures it."""
    if not kind.measure:
        return None
    measure = resolve(kind.measure)
    truth = found.truth
    full: Noise = measure(found.answer, found.others, truth, kind.options)
    another = [name for name, images in full.outputs.items() if any(i.another for i in images)]
    if another:
        truth = None
        full = measure(found.answer, found.others, truth, kind.options)
        full.notes.append(f"{', '.join(another)}: {ANOTHER_ANSWER}")
    noises = {FULL: full}
    for precision, others in found.coarse.items():
        together = [*found.others, *others]
        noise = measure(found.answer, together, truth, kind.options)
        noises[precision] = replace(noise, rounding=ROUNDINGS[precision])
    return noises


def noise_of(kind: OutputKind, found: EagerAnswers) -> Optional[Noise]:
    """The noise of the answer, where its kind measures it."""
    noises = noises_of(kind, found)
    return noises[FULL] if noises else None


def ask(model: Any, arguments: Any) -> Any:
    """The model's answer as arrays of its own."""
    return without_empty(to_arrays(model(*arguments)))


def ask_otherwise(model: Any, arguments: Any, draw: int) -> Any:
    """The model's answer to inputs that are off by one rounding, with other roundings inside."""
    moved = map_leaves(lambda tensor: off_by_one_rounding(tensor, draw), arguments)
    with other_roundings(draw):
        return ask(model, moved)


def _copied(arguments: Any) -> Any:
    return map_leaves(lambda tensor: tensor.detach().clone(), arguments)


def alike(first: Any, second: Any) -> bool:
    """Whether two trees have the same structure and the same bits."""
    (a, of_a), (b, of_b) = flatten(to_arrays(first)), flatten(to_arrays(second))
    return of_a == of_b and all(
        (x.dtype, x.shape, x.tobytes()) == (y.dtype, y.shape, y.tobytes()) for x, y in zip(a, b)
    )


#: What is said where the second answer differs and nothing that was looked at has moved.
UNSEEN = "it keeps something between calls that is no parameter or buffer, or is not deterministic"


def _state(model: Any) -> Dict[str, Any]:
    """What a call may change: tensors of the model, and the random generators."""
    import numpy as np
    import torch

    state = {f"parameter `{name}`": each for name, each in model.named_parameters()}
    state.update((f"buffer `{name}`", each) for name, each in model.named_buffers())
    state = {name: each.detach().clone() for name, each in state.items()}
    state["torch's random generator"] = torch.get_rng_state()
    drawn = {"numpy": str(np.random.get_state(legacy=False)), "Python": str(random.getstate())}
    for whose, words in drawn.items():
        state[f"{whose}'s random generator"] = torch.tensor(list(words.encode()))
    return state


def _moved(before: Dict[str, Any], after: Dict[str, Any], model: Any) -> str:
    """What changed between two states, in words; "" where nothing did."""
    import torch

    names = [n for n in after if n not in before or not torch.equal(before[n], after[n])]
    training = [name or "the model" for name, module in model.named_modules() if module.training]
    said = [f"{name} changes" for name in names if not name.endswith("generator")]
    drawn = [name for name in names if name.endswith("generator")]
    if drawn:
        said.append(f"it draws from {' and '.join(drawn)}")
    if said and training:
        said.append(f"in training mode: {', '.join(training[:3])}")
    return "; ".join(said)


def off_by_one_rounding(tensor: Any, seed: int) -> Any:
    """`tensor` with each element moved to the next float above or below, or left as it is."""
    import torch

    if not tensor.is_floating_point():
        return tensor.detach().clone()
    generator = torch.Generator().manual_seed(seed)
    steps = torch.randint(-1, 2, tensor.shape, generator=generator).to(tensor.device)
    if tensor.dtype == torch.float16:  # has no nextafter on every device
        return tensor * (1 + steps * torch.finfo(tensor.dtype).eps).to(tensor.dtype)
    infinite = torch.full_like(tensor, float("inf"))
    moved = torch.nextafter(tensor, torch.where(steps > 0, infinite, -infinite))
    # A zero stays: the smallest float above it is no rounding of anything.
    return torch.where((steps == 0) | (tensor == 0), tensor, moved)


@contextlib.contextmanager
def other_roundings(seed: int) -> Iterator[None]:
    """Have some operations round otherwise, as another engine would; see `Roundings`."""
    try:
        from torch.utils._python_dispatch import TorchDispatchMode  # noqa: F401
    except ImportError:  # PyTorch 1.10
        yield
        return
    from pytest_export_matrix.worker.roundings import roundings

    with roundings(seed):
        yield
