"""The task `see`: in which tensors of the model could a fault hide from the sample inputs?

Stages `build` and `reference`. Each tensor of the model's state is disturbed by one percent, and
the cases are asked until the answer to one of them would not pass for the eager answer. What none
of them notices, a wrong file could have got wrong as well.
"""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Tuple

from pytest_export_matrix.compare.answers import KeptCase, compare
from pytest_export_matrix.vocabulary.outcomes import Sight, Stage
from pytest_export_matrix.worker import cases
from pytest_export_matrix.worker import model as models
from pytest_export_matrix.worker.eager import ask
from pytest_export_matrix.worker.imports import use_project
from pytest_export_matrix.worker.messages import Answer, Eager, Here, See
from pytest_export_matrix.worker.task import Stages

DISTURBED_BY = 0.01


def run(request: See, here: Here, stages: Stages) -> Answer:
    """Returns what the cases see."""
    stages.begin(Stage.BUILD)
    use_project(here.paths)
    model = models.rebuild(request.eager)
    kept = [cases.read(folder) for folder in request.cases]
    with models.exact_arithmetic(here.threads):
        return Answer(sight=sight(model, kept, request.eager, stages))


def sight(model: Any, kept: List[KeptCase], eager: Eager, stages: Stages) -> Sight:
    """What the cases `kept` see of `model`, which is afterwards as it was."""
    found = Sight()
    for name, tensor in tensors(model):
        stages.begin(Stage.REFERENCE, name)  # the time limit is for one tensor
        found.tensors += 1
        before = tensor.detach().clone()
        tensor.detach().copy_(disturbed(before, seed=found.tensors))
        at = next((i for i, case in enumerate(kept) if notices(model, case, eager)), None)
        tensor.detach().copy_(before)
        if at is None:
            found.unseen.append(name)
        else:  # neighbours are often noticed by the same case
            kept.insert(0, kept.pop(at))
    return found


def notices(model: Any, case: KeptCase, eager: Eager) -> bool:
    """Whether the model's answer to `case` would not pass for the kept one."""
    try:
        answer = ask(model, cases.arguments(case, eager.device))
    except Exception:  # it answered before: so the disturbed tensor shows
        return True
    return bool(compare([case], [answer], eager.model.outputs).reason)


def tensors(model: Any) -> Iterator[Tuple[str, Any]]:
    """(name, tensor) of the parameters and buffers that hold real or complex numbers. A tensor of
    several names comes once. Integers, such as counters and indices, have no percent."""
    named: Dict[str, Any] = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    for name, tensor in named.items():
        if tensor.numel() and (tensor.is_floating_point() or tensor.is_complex()):
            yield name, tensor


def disturbed(tensor: Any, seed: int) -> Any:
    """`tensor` with each element one percent larger or smaller. A tensor of zeros, or of what
    rounding leaves of zeros, gets 0.01 added to each element or taken from it."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    signs = torch.randint(0, 2, tensor.shape, generator=generator) * 2 - 1
    step = (DISTURBED_BY * signs).to(tensor.device, tensor.dtype)
    if tensor.abs().max() <= torch.finfo(tensor.dtype).eps:
        return tensor + step
    return tensor * (1 + step)
