"""What the tests run in the environment of detectron2.

    python inside.py TASK FILE        TASK is a function below, FILE holds its keywords as JSON

The answer takes the place of the keywords.
"""

import importlib
import json
import os
import pickle
import sys
import warnings

import torch

#: (height, width) of each image, by the number of images. The first of each is exported.
SIZES = {
    1: [[(224, 256)], [(192, 320)], [(203, 271)]],
    2: [[(224, 256), (160, 192)]],
    3: [[(224, 256)] * 3],
}
PICTURES = 4  # the last one shows nothing
HERE = "pytest_export_matrix.addons.detectron2."
CAPTURES = {
    "tracing": (HERE + "tracing", "trace"),
    "scripting": (HERE + "scripting", "script"),
    "caffe2": (HERE + "caffe2_tracer", "capture"),
    "torch_export": ("pytest_export_matrix.exporters.torch_export", "capture"),
}


def versions():
    import detectron2

    return {"detectron2": detectron2.__version__, "torch": torch.__version__}


def make(config, raw, keywords, folder):
    """Build the model and keep it with its eager answers. Returns the number of detections in each
    case of one image."""
    from pytest_export_matrix.addons.detectron2 import models
    from pytest_export_matrix.compare import Detections
    from pytest_export_matrix.compare.noise import pool
    from pytest_export_matrix.worker.eager import EagerAnswers, ask, ask_otherwise, noise_of

    detector = models.build(config, raw=raw, **keywords)
    torch.save(detector.state_dict(), os.path.join(folder, "weights.pt"))
    kept = []
    for batch, sizes in [(len(each), each) for group in SIZES.values() for each in group]:
        for picture in range(PICTURES):
            (images,) = models.images(sizes, picture)
            with torch.no_grad():
                answers = EagerAnswers(ask(detector, (images,)))
                answers.others = [ask_otherwise(detector, (images,), 0)]
            found, noise = answers.answer, noise_of(Detections(), answers)
            pool([noise])
            kept.append((batch, [image.numpy() for image in images], found, noise))
    with open(os.path.join(folder, "kept.pkl"), "wb") as file:
        pickle.dump(kept, file)
    return [len(found[0]["scores"]) for batch, _, found, _ in kept if batch == 1]


def scores(config, keywords, sizes, seeds):
    """The scores of each size and seed."""
    from pytest_export_matrix.addons.detectron2 import models

    detector = models.build(config, **keywords)
    with torch.no_grad():
        answers = [detector(*models.images([size], seed))[0] for size in sizes for seed in seeds]
    return [answer["scores"].sort(descending=True)[0].tolist() for answer in answers]


def prepared(config, keywords):
    """How far the answers of the prepared model are from those of the model as it is: the worst of
    each output, with postprocessing and without."""
    from pytest_export_matrix.addons.detectron2 import models
    from pytest_export_matrix.addons.detectron2.torch_export import prepare

    detector, asked = models.build(config, **keywords), []
    for raw in (False, True):
        for seed in range(PICTURES):
            detector.raw, images = raw, models.images(SIZES[2][0], seed)
            with torch.no_grad():
                asked.append((raw, images, detector(*images)))
    prepare(detector)
    worst = {}
    for raw, images, expected in asked:
        detector.raw = raw
        with torch.no_grad():
            found = detector(*images)
        for before, after in zip(expected, found):
            assert list(before) == list(after)
            for name in before:
                if before[name].numel() == after[name].numel() == 0:
                    continue  # empty masks may have another resolution
                assert before[name].shape == after[name].shape
                away = (before[name].double() - after[name].double()).abs().flatten().tolist()
                worst[name] = max([worst.get(name, 0.0), *away])
    return worst


def refusals(config):
    """What `prepare` says of a model in training mode, and of one that is no detector."""
    from detectron2.modeling import build_model

    from pytest_export_matrix.addons.detectron2 import models
    from pytest_export_matrix.addons.detectron2.torch_export import prepare

    said = []
    for model in (build_model(models.configuration(config, True)), torch.nn.Linear(1, 1)):
        try:
            said.append(prepare(model))
        except (TypeError, ValueError) as error:
            said.append("{}: {}".format(type(error).__name__, error))
    return said


def export(config, raw, keywords, folder, method, lower, suffix, batch, prepared=False):
    """The file, or the failure in words."""
    from pytest_export_matrix.addons.detectron2 import models
    from pytest_export_matrix.exporters.context import Context

    detector = models.build(config, raw=raw, **keywords)
    detector.load_state_dict(torch.load(os.path.join(folder, "weights.pt")))
    declared = frozenset()
    if method == "torch_export":
        declared = frozenset({"resolution"})
    if prepared:
        from pytest_export_matrix.addons.detectron2.torch_export import prepare

        prepare(detector)
    context = Context(detector, models.images(SIZES[batch][0], 0), ("[CHW]",), declared)
    name, capture = CAPTURES[method]
    module = importlib.import_module(name)
    path = os.path.join(folder, "model" + suffix)
    try:
        getattr(module, lower)(getattr(module, capture)(context), path, context)
    except Exception as error:
        return {"failure": "{}: {}".format(type(error).__name__, error)}
    return {"file": path}


def run(folder, file, convention, batch, padded=None):
    """What deviates from eager, the worst deviations, the number of detections that agree, errors.

    padded: only images of a size that the network pads, or only others; None means both.
    """
    from pytest_export_matrix.compare.detections import compare
    from pytest_export_matrix.vocabulary.pytrees import flatten, unflatten

    with open(os.path.join(folder, "kept.pkl"), "rb") as kept_file:
        kept = pickle.load(kept_file)
    session = session_of(file)
    problems, errors, worst, matched = [], [], {}, 0
    for images, expected, noise in [rest for b, *rest in kept if b == batch]:
        if padded is not None and padded != any(side % 32 for side in images[0].shape[1:]):
            continue
        _, spec = flatten(expected)
        try:
            answer = session.run(tuple(images) if convention == "flat" else (images,))
        except Exception as error:
            errors.append(str(error).strip())
            continue
        found = unflatten(list(answer), spec) if convention == "flat" else answer
        verdict = compare(expected, found, {}, noise)
        problems += verdict["problems"]
        matched += verdict["matched"]
        for name, figures in verdict["outputs"].items():
            worst[name] = max(worst.get(name, 0.0), figures["max_abs"])
    loaded = [name for name in ("detectron2", "torchvision") if name in sys.modules]
    return {
        "problems": problems,
        "errors": errors,
        "worst": worst,
        "matched": matched,
        "loaded": loaded,
    }


def session_of(file):
    if file.endswith(".pb"):
        from pytest_export_matrix.addons.detectron2.sessions import Caffe2Session

        return Caffe2Session(file, "cpu", 1)
    import torchvision  # noqa: F401  # for its operators

    from pytest_export_matrix.runtimes.pytorch import Session

    return Session(file, "cpu", 1)


def answer(place):
    """See `same_weights.answer`."""
    import same_weights

    same_weights.answer(place)


if __name__ == "__main__":
    task, place = sys.argv[1:]
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    with open(place) as file:
        request = json.load(file)
    answer = globals()[task](**request)
    with open(place, "w") as file:
        json.dump(answer, file)
