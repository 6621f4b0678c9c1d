"""Names of a state_dict: those of torchvision today, as torchvision 0.11.3 has them.

Since 0.12 a convolution and what follows it are one block (torchvision.ops.Conv2dNormActivation),
so that the convolution is called `0` inside of it. The tensors are the same.
"""

from __future__ import annotations

import re
from typing import Dict, Sequence

#: Today's name and the name of 2021. In a RetinaNet head the activation behind each convolution was
#: an entry of its own, so that convolution n was number 2n; masks had names that count from one.
RULES = (
    (r"(fpn\.(?:inner|layer)_blocks\.\d+)\.0\.", lambda found: f"{found[1]}."),
    (r"(rpn\.head\.conv)\.0\.0\.", lambda found: f"{found[1]}."),
    (r"(mask_head)\.(\d+)\.0\.", lambda found: f"{found[1]}.mask_fcn{int(found[2]) + 1}."),
    (
        r"(head\.(?:classification|regression)_head\.conv)\.(\d+)\.0\.",
        lambda found: f"{found[1]}.{2 * int(found[2])}.",
    ),
)


def rename(names: Sequence[str]) -> Dict[str, str]:
    """The name in torchvision 0.11.3 of each of `names`; most did not change.

    Raises ValueError where two would get one name.
    """
    renamed = {name: old_name(name) for name in names}
    if len(set(renamed.values())) != len(renamed):
        raise ValueError("two weights of the model have one name in torchvision 0.11.3")
    return renamed


def old_name(name: str) -> str:
    for pattern, replacement in RULES:
        name = re.sub(pattern, replacement, name)
    return name
