"""The cast as entries. `register` is called by the conftest.py of a project."""

from __future__ import annotations

from typing import Any, Sequence

import pytest_export_matrix as em
from pytest_export_matrix.execution.workers.dispatcher import EXPORT_PRELOAD

SIZES = ((24, 32), (32, 24))
OTHER_SIZES = ((16, 40), (48, 32))


def detector(name: str, build: str) -> em.Architecture:
    return em.Architecture(
        name,
        build=f"models:{build}",
        inputs="models:image_list",
        outputs=em.Detections(),
        layout="[CHW]",
        sizes=SIZES,
        other_sizes=OTHER_SIZES,
    )


def tensors(name: str, build: str, **others: Any) -> em.Architecture:
    others = {"inputs": "models:image_batch", "outputs": em.Tensors(), "sizes": SIZES, **others}
    build = build if ":" in build else f"models:{build}"
    return em.Architecture(name, build=build, other_sizes=OTHER_SIZES, **others)


def elsewhere(name: str, build: str, **others: Any) -> em.Architecture:
    return tensors(name, f"written_elsewhere:{build}", **others)


def exporter(method: str, capture: str = "", lower: str = "", format: str = "") -> em.Exporter:
    tracing = "pytest_export_matrix.exporters.tracing"
    return em.Exporter(
        method,
        format or "torchscript",
        capture=f"exporters:{capture}" if capture else f"{tracing}:trace",
        lower=f"exporters:{lower}" if lower else f"{tracing}:save",
        suffix=".pt",
    )


def runtime(
    name: str, session: str, format: str = "torchscript", precision: str = "float32"
) -> em.Runtime:
    return em.Runtime(
        name,
        precision=precision,
        formats=[format],
        session=f"sessions:{session}",
        modules=["torch"],
        # Exporting imports the same: one worker serves both, and a run is seconds shorter.
        preload=EXPORT_PRELOAD,
    )


ARCHITECTURES = (
    detector("detector", "Detector"),
    detector("detects_nothing", "DetectsNothing"),
    tensors("classifier", "Classifier"),
    tensors("doubles", "doubles:Doubles", inputs="doubles:inputs"),
    tensors("halves", "halves:Halves", inputs="halves:inputs"),
    tensors("branches_on_batch", "BranchesOnBatch"),
    tensors("bakes_its_height", "BakesItsHeight"),
    elsewhere("keeps_tensors", "KeepsTensors"),
    elsewhere("pads_to_sixteen", "PadsToSixteen", sizes=((12, 40),)),
    elsewhere(
        "ignores_an_argument",
        "IgnoresAnArgument",
        inputs="written_elsewhere:batch_and_vectors",
        layout=("NCHW", "C", "C"),
    ),
    elsewhere("encodes_figures", "EncodesFigures"),
    elsewhere(
        "ends_in_a_dict",
        "EndsInADict",
        inputs="written_elsewhere:batch_and_dict",
        layout=("NCHW", "C"),
    ),
    tensors("answers_nan", "AnswersNaN"),
    tensors("warns", "Warns"),
    tensors("prints_megabytes", "PrintsMegabytes"),
    tensors("segfaults_in_eager", "SegfaultsInEager"),
    tensors("exits", "exits"),
    tensors("fails_the_first_time", "fails_the_first_time"),
    tensors("calls_sys_exit", "calls_sys_exit"),
    tensors("own_kind", "Classifier", outputs=em.OutputKind("own", "kinds:compare", {"digits": 3})),
    tensors("no_such_module", "modles:Classifier"),
    tensors("misspelt", "Clasifier"),
    tensors("raises", "raises"),
    tensors("returns_no_module", "returns_no_module"),
    tensors("not_a_function", "NOT_A_FUNCTION"),
    tensors("inputs_misspelt", "Classifier", inputs="models:image_bach"),
    tensors("inputs_no_tuple", "Classifier", inputs="models:no_tuple"),
    tensors("inputs_words", "Classifier", inputs="models:words"),
    tensors("inputs_wrong_shape", "Classifier", inputs="models:wrong_shape"),
    tensors("queries", "strangers:ChoosesItsQueries", outputs=em.Queries("logits", "boxes")),
    tensors("queries_in_order", "strangers:ChoosesItsQueries"),
    *(
        tensors(name, f"strangers:{build}")
        for name, build in {
            "pixels_beside_probabilities": "PixelsBesideProbabilities",
            "masks_its_logits": "MasksItsLogits",
            "answers_in_steps": "AnswersInSteps",
            "spectrum": "Spectrum",
            "selects_nothing": "SelectsNothing",
            "zero_initialised": "ZeroInitialised",
            "noise_minus_noise": "NoiseMinusNoise",
            "counts_calls": "CountsCalls",
            "forgets_eval_of_dropout": "ForgetsEvalOfDropout",
            "remembers_its_first_input": "RemembersItsFirstInput",
            "changes_its_input": "ChangesItsInput",
            "returns_its_buffer": "ReturnsItsBuffer",
            "draws_its_weights": "DrawsItsWeights",
            "has_extra_state": "HasExtraState",
            "quantized": "quantized",
            "adds_up_many_values": "AddsUpManyValues",
            "chooses_among_equal_scores": "ChoosesAmongEqualScores",
            "asks_for_its_dtype": "AsksForItsDtype",
        }.items()
    ),
)
EXPORTERS = (
    exporter("segfaults", "segfaults"),
    exporter("exits", "exits"),
    exporter("raises", "raises"),
    exporter("hangs", "hangs"),
    exporter("blocks", "blocks"),
    exporter("allocates", "allocates"),
    exporter("prints_megabytes", lower="prints_megabytes"),
    exporter("writes_nothing", lower="writes_nothing"),
    exporter("counts", lower="counts"),
    exporter("fails_the_first_time", lower="fails_the_first_time"),
    exporter("writes_garbage_into_its_folder", lower="writes_garbage_into_its_folder"),
    exporter("leaves_processes_behind", lower="leaves_processes_behind"),
    exporter("is_killed_the_first_time", lower="is_killed_the_first_time"),
    exporter("pickles", "model_itself", "writes_pickle", format="pickle"),
)
RUNTIMES = (
    runtime("answers_rightly", "AnswersRightly"),
    runtime("off_by_one_percent", "OffByOnePercent"),
    runtime("drops_an_output", "DropsAnOutput"),
    runtime("swaps_x_and_y", "SwapsXAndY"),
    runtime("one_detection_too_many", "OneDetectionTooMany"),
    runtime("answers_nan", "AnswersNaN"),
    runtime("answers_nothing", "AnswersNothing"),
    runtime("wrong_dtype", "WrongDtype"),
    runtime("wrong_shape", "WrongShape"),
    runtime("wrong_order", "WrongOrder"),
    runtime("answers_for_one_image", "AnswersForOneImage"),
    runtime("segfaults_on_load", "SegfaultsOnLoad"),
    runtime("segfaults_on_run", "SegfaultsOnRun"),
    runtime("exits_on_run", "ExitsOnRun"),
    runtime("hangs_on_load", "HangsOnLoad"),
    runtime("hangs_on_run", "HangsOnRun"),
    runtime("allocates_on_run", "AllocatesOnRun"),
    runtime("prints_megabytes", "PrintsMegabytes"),
    runtime("warns", "Warns"),
    runtime("fails_the_first_time", "FailsTheFirstTime"),
    runtime("fails_every_time", "FailsEveryTime"),
    runtime("forgets_probabilities", "ForgetsProbabilities"),
    runtime("adds_a_hundredth", "AddsAHundredth"),
    runtime("drops_the_imaginary_part", "DropsTheImaginaryPart"),
    runtime("has_no_int64", "HasNoInt64"),
    runtime("turns_the_queries", "TurnsTheQueries"),
    runtime("computes_in_float16", "ComputesInFloat16"),
    runtime("declares_float16", "ComputesInFloat16", precision="float16"),
    runtime("off_by_a_tenth_in_bfloat16", "OffByATenth", precision="bfloat16"),
    runtime("unpickles", "Unpickles", format="pickle"),
    runtime("not_there", "NotThere"),
)


def register(registry: em.Registry, names: Sequence[str]) -> None:
    """Register all exporters and runtimes, and the architectures `names` (without names: all)."""
    chosen = [entry for entry in ARCHITECTURES if not names or entry.name in names]
    for entry in (*chosen, *EXPORTERS, *RUNTIMES):
        registry.add(entry)
