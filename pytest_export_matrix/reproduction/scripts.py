"""Make the texts of a folder that shows one failure: script, README, pins. Pure.

A script is put together from `templates/`. First come the blocks, which the tables below choose.
Then all literals are filled in, in one pass, so that no reason, name or keyword is read as code.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Optional, Sequence

from pytest_export_matrix.execution.evidence import CaseOnDisk, CellEvidence, Place
from pytest_export_matrix.planning import sequences
from pytest_export_matrix.reproduction import readme
from pytest_export_matrix.reproduction.inline import NotInlined, inline, is_own
from pytest_export_matrix.reproduction.literals import literal, of_case, of_example
from pytest_export_matrix.reproduction.templating import compose, fill, template
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.results.results import Versions
from pytest_export_matrix.vocabulary.entries import FULL, OutputKind
from pytest_export_matrix.vocabulary.outcomes import Stage
from pytest_export_matrix.vocabulary.package import NAME
from pytest_export_matrix.worker.model import PICKLED_WEIGHTS
from pytest_export_matrix.worker.tasks.compare import LEAKS

EXPORTERS, RUNTIMES = f"{NAME}.exporters", f"{NAME}.runtimes"
COMPARISON, TREES = "repro_comparison", f"{NAME}.vocabulary.pytrees"
#: What every script that compares needs beside the comparison.
RULES = (TREES, f"{NAME}.compare.noise", f"{NAME}.compare.proof")

#: Functions for nested inputs and outputs; a script imports those that it calls.
FROM_TREES = f"from {COMPARISON} import __TREE_FUNCTIONS__"
TREE_FUNCTIONS = ("flatten", "map_leaves", "to_arrays", "unflatten", "without_empty")

#: Exporters that are a few plain calls, by capture and lower. All others are called through this
#: package.
EXPORTS = {
    (f"{EXPORTERS}.tracing:trace", f"{EXPORTERS}.tracing:save"): "export_tracing_torchscript",
    (f"{EXPORTERS}.tracing:flat", f"{EXPORTERS}.tracing:onnx"): "export_tracing_onnx",
    (f"{EXPORTERS}.scripting:script", f"{EXPORTERS}.scripting:save"): "export_scripting",
    (f"{EXPORTERS}.torch_export:capture", f"{EXPORTERS}.torch_export:save"): "export_torch_export",
    (f"{EXPORTERS}.torch_export:onnx_call", f"{EXPORTERS}.torch_export:onnx"): "export_torch_onnx",
}
OWN_EXPORT = "export_own"
#: Runtimes that are a few plain calls: their template and what it imports. All others are imported.
ENGINES = {
    f"{RUNTIMES}.onnxruntime:Session": ("engine_onnxruntime", "onnxruntime"),
    f"{RUNTIMES}.pytorch:Session": ("engine_pytorch", "torch"),
}
OWN_ENGINE = ("engine_session", "")
PROGRAM = ("engine_program", "")
#: How PyTorch loads a file, by its suffix.
LOADS = {".pt2": "torch.export.load(path).module()"}
LOAD_TORCHSCRIPT = "torch.jit.load(path, map_location=DEVICE)"
#: The stages before there is a file, and what a script does for them.
MODEL_STAGES = {
    Stage.BUILD: "runs it in eager mode",
    Stage.REFERENCE: "runs it in eager mode",
    Stage.EXPORT: "exports it",
}

#: Finds an import of this package itself in a script.
IMPORTS_PLUGIN = re.compile(rf"^ *(from|import) {NAME}\b", re.MULTILINE)
MODULE = re.compile(r"[A-Za-z_][\w.]*\Z")
#: Modules that every template may use. A script imports only those that it uses.
USED_BY_SOME = ("dataclasses", "json", "np", "os", "random")


@dataclass
class Script:
    """The parts of a script: blocks by name, values of placeholders, imports, and the modules that
    lie beside it."""

    template: str
    blocks: Dict[str, str]
    values: Dict[str, str]
    imports: List[str] = field(default_factory=list)
    beside: Dict[str, str] = field(default_factory=dict)

    def name(self, name: str, reference: str) -> str:
        """Have the script import `reference`. Returns the module that it imports it from.

        A module of this package is copied beside the script where that is possible.
        """
        module, _, attribute = reference.partition(":")
        if is_own(reference):
            beside = f"repro_{module.rpartition('.')[2]}"
            try:
                self.beside[f"{beside}.py"] = inline(module)
                module = beside
            except NotInlined:
                pass
        self.values.update({f"{name}_MODULE": module, name: f"{module}.{attribute}"})
        return module

    def compare(self, kind: OutputKind) -> bool:
        """Have the script compare. Returns whether that needs a module of the project."""
        reference = kind.compare
        module, _, attribute = reference.partition(":")
        if is_own(reference) and attribute == "compare":
            try:
                self.beside[f"{COMPARISON}.py"] = inline(*RULES, module)
                self.blocks["compare"] = "compare_own.py"
                return False
            except NotInlined:
                pass
        self.beside[f"{COMPARISON}.py"] = inline(*RULES)
        self.blocks["compare"] = "compare_project.py"
        return not is_own(self.name("COMPARE", reference))


def texts(
    result: Result, facts: CellEvidence, place: Place, environment: Versions
) -> Dict[str, str]:
    """The files of the folder that are text, by name."""
    before_file = result.stage in MODEL_STAGES
    script = of_model(result, facts) if before_file else of_file(result, facts)
    text = render(script, result, facts, place)
    needs_plugin = bool(IMPORTS_PLUGIN.search(text))
    files = {
        "reproduce.py": text,
        "requirements.txt": readme.requirements(environment, needs_plugin),
        "README.md": _readme(result, place, environment, text),
        **script.beside,
    }
    if not before_file:
        files["cases.json"] = json.dumps(
            _cases(facts.cases, facts.example, facts.runtime.precision), indent=1
        )
    elif has_reference(result, facts):
        files["cases.json"] = json.dumps(_cases(facts.asked, None, FULL), indent=1)
    return files


def is_other(facts: CellEvidence) -> bool:
    """Whether the cell exports another eager model than the reference, prepared or of another
    environment, and got that far: the reference has answered."""
    is_reference = facts.eager == facts.architecture.reference
    return not is_reference and all(known.answer for known in facts.asked)


def has_reference(result: Result, facts: CellEvidence) -> bool:
    """Whether the cell ended at `reference` though the reference had answered: another eager model
    disagrees, or the answers prove nothing."""
    return result.stage == Stage.REFERENCE and all(known.answer for known in facts.asked)


def disagrees(result: Result, facts: CellEvidence) -> bool:
    """Whether the cell ended where an eager model was compared with the reference."""
    return has_reference(result, facts) and (is_other(facts) or bool(result.deviating))


def has_noise(cases: Sequence[CaseOnDisk]) -> bool:
    """Whether the noise of all answers is known."""
    return all(
        known.answer is not None and known.answer.noises != {"value": None} for known in cases
    )


def of_model(result: Result, facts: CellEvidence) -> Script:
    """The script for a cell that ended before its file was exported."""
    architecture, stage = facts.architecture, result.stage
    assert stage is not None
    work = EXPORTS.get((facts.exporter.capture, facts.exporter.lower), OWN_EXPORT)
    if stage != Stage.EXPORT:
        work = "eager_other" if disagrees(result, facts) else "eager"
    script = Script(
        "model.py",
        {"about": "about_model", "work": f"{work}.py", "place": "project.py"},
        {"DOES": MODEL_STAGES[stage], "KEYWORDS": literal(dict(architecture.keywords))},
    )
    script.name("BUILD", architecture.build)
    if facts.weights.endswith(PICKLED_WEIGHTS):
        script.blocks["weights"] = "weights_pickled.py"
    elif facts.weights:
        script.blocks["weights"] = "weights.py"
        script.imports.append("from safetensors.torch import load_file")
    if architecture.calibrate and facts.weights:
        script.blocks["attributes"] = "attributes.py"
        script.imports += ["import json", "from safetensors import safe_open"]
    elif architecture.calibrate:
        script.blocks["attributes"] = "calibrate.py"
        script.name("CALIBRATE", architecture.calibrate)
    if facts.renames and is_other(facts):
        script.blocks["weights"] = "weights_renamed.py"
        script.name("RENAMES", facts.renames)
    for block, reference in facts.eager.changes if is_other(facts) else ():
        script.blocks[block] = "changed.py"
        script.name(block.upper(), reference)
    if result.cell.device != "cpu":
        script.blocks["exact"] = "exact.py"
    if facts.example and facts.example.answer and stage == Stage.EXPORT:
        script.blocks["example"] = "example.py"
        script.values.update(of_example(facts, facts.example.answer))
        if not facts.example.answer.takes_tensors:
            script.blocks["flat_model"] = "flat_model.py"
    if work == "eager":
        _add_eager(script, facts)
    if work == "eager_other":
        script.imports.append(FROM_TREES)
        script.values["OPTIONS"] = literal(facts.outputs.options)
        script.compare(facts.outputs)
    if work in ("eager", "eager_other"):
        script.blocks["noise"] = _noise(facts.asked if has_reference(result, facts) else ())
        if work == "eager" and script.blocks["noise"] == "noise.py":
            script.blocks["noise"] = "noise_of_model.py"
    if work == OWN_EXPORT:
        _add_own_export(script, facts)
    return script


def _add_eager(script: Script, facts: CellEvidence) -> None:
    cases = [(known.case.sizes, known.case.seed) for known in facts.asked]
    script.imports.append(FROM_TREES)
    script.values.update(
        CASES=literal(list(dict.fromkeys(cases))), OPTIONS=literal(facts.outputs.options)
    )
    script.name("INPUTS", facts.architecture.inputs)
    script.compare(facts.outputs)


def _noise(cases: Sequence[CaseOnDisk]) -> str:
    """The template that reads the noise of `cases`, or does without it."""
    return "noise.py" if cases and has_noise(cases) else "no_noise.py"


def _add_own_export(script: Script, facts: CellEvidence) -> None:
    script.values.update(
        FILE=literal("model" + facts.exporter.suffix),
        LAYOUTS=literal(list(facts.architecture.layouts)),
        DYNAMIC=literal(sorted(facts.spec.dynamic)),
        LOWER_NAME=literal(facts.exporter.lower),
    )
    script.values.setdefault("OWN_ARGUMENTS", "None")
    script.values.setdefault("TAKES_TENSORS", "False")
    for name in ("capture", "lower"):
        module, _, attribute = getattr(facts.exporter, name).partition(":")
        script.values.update(
            {f"{name.upper()}_MODULE": module, name.upper(): f"{module}.{attribute}"}
        )


def of_file(result: Result, facts: CellEvidence) -> Script:
    """The script for a cell whose file was exported."""
    program, extras = facts.runtime.program, result.extra_dependencies
    engine, module = ENGINES.get(facts.runtime.session, PROGRAM if program else OWN_ENGINE)
    flat = (facts.runtime.convention or facts.convention) != "structured"
    needed = [module] if module else []
    if not program:
        needed += [name for name in extras if MODULE.match(name)]
    script = Script(
        "run.py",
        {
            "about": "about_run",
            "engine": f"{engine}.py",
            "judge": "judge_flat.py" if flat else "judge_structured.py",
        },
        {
            "FILE": literal(Path(facts.artifact).name),
            "OPTIONS": literal(facts.outputs.options),
            "CALLS": literal(sequences.calls([known.case for known in facts.cases])),
            "LEAKS": LEAKS,
            "LOAD": LOADS.get(facts.exporter.suffix, LOAD_TORCHSCRIPT),
            "ARGUMENTS": "tuple(x)" if flat else 'unflatten(x, case["inputs"])',
            "HIDDEN": literal(_hidden(result, facts)),
            "EXTRAS": literal(list(extras)),
        },
        [*(f"import {name}" for name in needed), FROM_TREES],
    )
    script.blocks["noise"] = _noise(facts.cases)
    if result.cell.device == "cuda":
        script.blocks["libraries"] = "libraries_of_nvidia.py"
    in_project = script.compare(facts.outputs)
    if not module:
        own = script.name("SESSION", facts.runtime.session)
        in_project |= not is_own(facts.runtime.session) or is_own(own)
    if program:
        script.name("BUILD_PROGRAM", program)
    if in_project:
        script.blocks.update(about="about_run_project", place="project.py")
    return script


def _hidden(result: Result, facts: CellEvidence) -> List[str]:
    """What a file must not import: the package of the model, or only its module where the engine or
    the comparison needs the package."""
    module = facts.architecture.build.partition(":")[0]
    needed = {facts.runtime.session, facts.outputs.compare, *result.extra_dependencies}
    modules = {reference.partition(":")[0] for reference in needed}
    top = module.partition(".")[0]
    if is_own(module) or module in modules or top in result.extra_dependencies:
        return []
    return [module if top in {name.partition(".")[0] for name in modules} else top]


def _cases(
    cases: Sequence[CaseOnDisk], example: Optional[CaseOnDisk], precision: str
) -> List[Dict[str, object]]:
    """The content of cases.json, in the order of the arrays in the npz files."""
    found: List[Dict[str, object]] = []
    exported = example.answer if example else None
    for known in cases:
        case, answer = known.case, known.answer
        structure = (exported or answer).outputs if answer else {}
        structures = of_case(answer, structure, precision) if answer else {}
        shows = f" ({case.label})" if case.label else ""
        found.append({"sizes": case.sizes, "seed": case.seed, "shows": shows, **structures})
    return found


def render(script: Script, result: Result, facts: CellEvidence, place: Place) -> str:
    """The text of `script`, without the imports that it does not need."""
    usual = {"head": "head.py", "constants": "constants.py", "tail": "tail.py"}
    text = compose(template(script.template), {**usual, **script.blocks})
    text = text.replace("__IMPORTS__", "\n".join(dict.fromkeys(script.imports)))
    code = text + script.values.get("ARGUMENTS", "") + _json_used(script)
    values = {
        "CELL": result.cell.id,
        "OUTCOME": readme.ending(result),
        "TREE_FUNCTIONS": ", ".join(
            name for name in TREE_FUNCTIONS if re.search(rf"\b{name}\(", code)
        ),
        "EXPECTED": literal(readme.expected(result, facts)),
        "ERROR": literal(readme.expected_error(result)),
        "DEVICE": literal(result.cell.device),
        "THREADS": literal(facts.limits.threads),
        "PROJECT": place.root,
        "PROJECT_WORDS": place.words,
        "PARTS": literal(list(place.parts)),
        **script.values,
    }
    for module in USED_BY_SOME:
        if not re.search(rf"\b{module}\.", code):
            text = re.sub(rf"^import (\w+ as )?{module}\n", "", text, flags=re.MULTILINE)
    return fill(text, values)


def _json_used(script: Script) -> str:
    """Return "json." where a literal of the script calls it (see `literal`), else nothing."""
    return "json." if any(text.startswith("json.") for text in script.values.values()) else ""


def _readme(result: Result, place: Place, environment: Versions, script: str) -> str:
    """The text of README.md."""
    needs_plugin = bool(IMPORTS_PLUGIN.search(script))
    how = []
    if "PROJECT" in script:
        how.append(f"PROJECT=FOLDER says where the project is, by default {place.words}.")
        how.append("Whatever the modules imported from there need has to be installed as well.")
    if needs_plugin:
        how.append(f"It calls a part of {readme.PLUGIN} itself, which has to be installed.")
    words = "".join(f"{line}\n" for line in how)
    return fill(template("readme.md"), readme.values(result, environment, words, needs_plugin))
