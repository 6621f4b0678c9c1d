"""Building the model under test in a worker, and its sample inputs."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import json
import os
from typing import Any, Dict, Iterator, Mapping, Sequence, Tuple

from pytest_export_matrix.runtimes.pytorch import compute_in_float32
from pytest_export_matrix.vocabulary.outcomes import Failure
from pytest_export_matrix.vocabulary.references import resolve
from pytest_export_matrix.worker.messages import Eager, Model

#: The file that the weights of a model are kept in, and the one for a state that holds more than
#: tensors.
WEIGHTS, PICKLED_WEIGHTS = "weights.safetensors", "weights.pt"
#: Where the file of weights says which attributes belong to them.
ATTRIBUTES = "attributes"


def build(described: Model) -> Any:
    """The architecture's model in eval mode on the CPU, with weights not yet set.

    All random generators begin alike, so that a factory that draws is the same in every process.
    Raises Failure where the factory cannot be imported or returns no module; what the factory
    itself raises goes through.
    """
    import random

    import numpy as np
    import torch

    reference = described.build
    factory = _named("build", reference)
    torch.manual_seed(0)
    np.random.seed(0)
    random.seed(0)
    model = factory(**described.keywords)
    if not isinstance(model, torch.nn.Module):
        kind = type(model).__name__
        raise Failure(f"build={reference!r} returned a {kind}, expected a torch.nn.Module")
    return model.eval()


def rebuild(eager: Eager) -> Any:
    """The model with its kept weights, on its device.

    Raises what `build` and `load_weights` raise.
    """
    model = build(eager.model)
    load_weights(model, eager.weights, eager.renames)
    return model.to(eager.device)


def calibrate(model: Any, described: Model) -> Dict[str, Any]:
    """Change the weights of `model` as the architecture says. Returns the attributes that belong to
    them, which are set, by their dotted names.

    Raises Failure where the function cannot be imported or returns something else; what it raises
    itself goes through.
    """
    if not described.calibrate:
        return {}
    found = _named("calibrate", described.calibrate)(model) or {}
    plain = isinstance(found, dict) and all(
        isinstance(v, (int, float, str)) for v in found.values()
    )
    if not plain:
        problem = f"returned {found!r:.80}, expected {{attribute: number or text}}"
        raise Failure(f"calibrate={described.calibrate!r} {problem}")
    set_attributes(model, found)
    return dict(found)


def set_attributes(model: Any, attributes: Mapping[str, Any]) -> None:
    for name, value in attributes.items():
        owner, _, attribute = name.rpartition(".")
        setattr(model.get_submodule(owner), attribute, value)


def save_weights(model: Any, folder: str, attributes: Mapping[str, Any]) -> str:
    """Write the state of `model` and the `attributes` that belong to it into `folder`. Returns the
    path.

    It is a safetensors file, in which tensors that share memory are written apart. A state that
    holds something else than plain tensors (of quantized modules, of `get_extra_state`) is written
    as torch.save does; then there cannot be attributes, for which Failure is raised.
    """
    import torch
    from safetensors.torch import save_file

    state = model.state_dict()
    if all(torch.is_tensor(each) and not each.is_quantized for each in state.values()):
        path = os.path.join(folder, WEIGHTS)
        tensors = {name: each.detach().clone().contiguous() for name, each in state.items()}
        save_file(tensors, path, {ATTRIBUTES: json.dumps(attributes)})
    elif attributes:
        raise Failure("calibrate returned attributes, and the state holds more than plain tensors")
    else:
        path = os.path.join(folder, PICKLED_WEIGHTS)
        torch.save(state, path)
    return path


def load_weights(model: Any, path: str, renames: str = "") -> None:
    """Set the state of `model`; `renames` names a function, see `entries.Environment.weights`.

    Raises RuntimeError where names or shapes differ.
    """
    import torch
    from safetensors import safe_open
    from safetensors.torch import load_file

    if path.endswith(WEIGHTS):
        state = load_file(path)
        with safe_open(path, "pt") as file:
            set_attributes(model, json.loads(file.metadata()[ATTRIBUTES]))
    else:
        # PyTorch 1.10 does not know the argument, later ones refuse what is no tensor without it.
        known = "weights_only" in inspect.signature(torch.load).parameters
        state = torch.load(path, **({"weights_only": False} if known else {}))
    if renames:
        names = resolve(renames)(list(state))
        state = {names.get(name, name): tensor for name, tensor in state.items()}
    model.load_state_dict(state, strict=True)


def change(model: Any, changes: Sequence[Tuple[str, str]]) -> str:
    """Change `model` in place with the functions of `changes`. Returns in words what they changed.

    Conventions may change nothing and return "", a preparation may not. Raises Failure where a
    function cannot be imported or does not say what it changed; what it raises itself goes through.
    """
    said = []
    for field, reference in changes:
        words = _named(field, reference)(model)
        if not isinstance(words, str) or (field == "preparation" and not words):
            raise Failure(f"{reference!r} returned {words!r}, expected what it changed, in words")
        said.append(words)
    return "; ".join(filter(None, said))


def sample(described: Model, sizes: Sequence[Tuple[int, int]], seed: int) -> Tuple[Any, ...]:
    """The model's arguments for one batch.

    Raises Failure where the function cannot be imported or returns no tuple that holds a tensor.
    """
    from pytest_export_matrix.vocabulary.pytrees import flatten

    reference = described.inputs
    arguments = _named("inputs", reference)([(h, w) for h, w in sizes], seed)
    if not isinstance(arguments, tuple):
        kind = type(arguments).__name__
        raise Failure(f"inputs={reference!r} returned a {kind}, expected the tuple of arguments")
    try:
        leaves, _ = flatten(arguments)
    except TypeError as error:
        raise Failure(f"inputs={reference!r}: {error}") from None
    if not leaves or not all(hasattr(leaf, "detach") for leaf in leaves):
        raise Failure(f"inputs={reference!r} returned {arguments!r:.80}, expected torch tensors")
    return arguments


def _named(field: str, reference: str) -> Any:
    """The callable that a registration names. Raises Failure, which says what is wrong, where there
    is none. An ImportError from inside the named module goes through as it is."""
    module, _, attribute = reference.partition(":")
    try:
        found = resolve(reference)
    except ModuleNotFoundError as error:
        if error.name and (module == error.name or module.startswith(error.name + ".")):
            message = f"{field}={reference!r}: no module {error.name!r} in the project or installed"
            raise Failure(message) from None
        raise
    except AttributeError:
        import difflib

        names = [name for name in dir(importlib.import_module(module)) if name[0] != "_"]
        close = difflib.get_close_matches(attribute, names, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise Failure(f"{field}={reference!r}: {module} has no {attribute!r}{hint}") from None
    if not callable(found):
        raise Failure(f"{field}={reference!r} is a {type(found).__name__}, not a function")
    return found


def to_device(tree: Any, device: str) -> Any:
    from pytest_export_matrix.vocabulary.pytrees import map_leaves

    return map_leaves(lambda tensor: tensor.to(device), tree)


@contextlib.contextmanager
def exact_arithmetic(threads: int) -> Iterator[None]:
    """Inference with `threads` threads and without the TF32 shortcuts of GPUs, which round to ten
    bits. So only the export can cause a difference."""
    import torch

    torch.set_num_threads(threads)
    compute_in_float32()
    with torch.no_grad():
        yield
