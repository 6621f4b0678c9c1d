"""What an export method is given: the model, example arguments, the dynamic dimensions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, FrozenSet, List, Sequence, Tuple

from pytest_export_matrix.vocabulary.pytrees import TreeSpec, flatten, unflatten

#: Calling conventions of a file: the tensors of the arguments one by one, or the arguments as the
#: model takes them.
FLAT = "flat"
STRUCTURED = "structured"

#: Letters of a layout and the words for them in the names of dynamic dimensions.
DIMENSIONS = {"N": ("batch", "batch"), "H": ("resolution", "height"), "W": ("resolution", "width")}


@dataclass(frozen=True)
class Context:
    """One export. `arguments` is None for a method that needs no example. `takes_tensors` is True
    where the model takes and returns tensors alone, one by one. `modules` are those that `may_need`
    was told."""

    model: Any
    arguments: Any
    layouts: Tuple[str, ...]
    dynamic: FrozenSet[str]
    takes_tensors: bool = False
    modules: List[str] = field(default_factory=list)

    def may_need(self, module: str) -> None:
        """Note that a runtime may have to import `module` before it can load the file. Whether it
        has to is found by trying."""
        if module not in self.modules:
            self.modules.append(module)

    def flat_arguments(self) -> Tuple[List[Any], TreeSpec]:
        """The tensors of the arguments, in order, and their structure."""
        return flatten(self.arguments)

    def input_names(self) -> List[str]:
        return [f"input_{i}" for i in range(len(self.flat_arguments()[0]))]

    def dynamic_dimensions(self) -> List[Dict[int, str]]:
        """For each flat argument: its dimensions to declare dynamic, by index, with their names.

        The batch dimension has one name for all the arguments, a height and a width belong to one
        tensor each.
        """
        return dynamic_dimensions(self.arguments, self.layouts, self.dynamic)


def dynamic_dimensions(
    arguments: Sequence[Any], layouts: Sequence[str], dynamic: FrozenSet[str]
) -> List[Dict[int, str]]:
    """See `Context.dynamic_dimensions`. The last layout serves all further arguments."""
    found: List[Dict[int, str]] = []
    for position, argument in enumerate(arguments):
        letters = layouts[min(position, len(layouts) - 1)].strip("[]")
        for _ in flatten(argument)[0]:
            tensor = len(found)
            found.append({})
            for index, letter in enumerate(letters):
                axis, word = DIMENSIONS.get(letter, ("", ""))
                if axis in dynamic:
                    found[-1][index] = word if word == "batch" else f"{word}_{tensor}"
    return found


def flat_model(model: Any, arguments_spec: TreeSpec) -> Any:
    """The model as a module from flat tensors to a flat tuple of tensors.

    This adapter restores the structure that the model takes and flattens the structure that it
    returns.
    """
    import torch

    class FlatModel(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *tensors: Any) -> Any:
            leaves, _ = flatten(self.model(*unflatten(tensors, arguments_spec)))
            return tuple(leaves)

    return FlatModel().eval()
