"""Accuracy of trained networks: mean per class, in the app's own view, and compared with the recorded predictions."""

import argparse
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import torch
from torch import Tensor
from torchvision.models import EfficientNet
from tqdm import tqdm

from models.files import atomic_write, read_text
from models.images import image_tensor, open_image
from models.network import DEVICES, Network, choose_device, folded
from models.normalisation import Normalisation
from models.studies import DEFAULT_STUDY, STUDY_FOLDER, Study, load_study
from models.training.datasets import Photographs, data_folder, decode, labelled, read_list

TOLERATED = 0.003  # fraction of the predictions that may differ from the recorded ones
MOST_BYTES = 16 * 2**20  # of recorded predictions


def view_batches(
    photographs: Photographs, resolution: int, normalisation: Normalisation, batch_size: int = 32
) -> Iterator[Tensor]:
    """Photographs as the app shows them to a network (whole image squashed to a square), in order, in batches.

    Raises:
        ValueError: some cannot be read.
    """

    def read(path: Path) -> np.ndarray:
        return image_tensor(open_image(path), "square", resolution, normalisation).numpy()

    batch = []
    for pixels in decode(photographs, read):
        batch.append(torch.from_numpy(pixels))
        if len(batch) == batch_size:
            yield torch.stack(batch).contiguous(memory_format=torch.channels_last)
            batch = []
    if batch:
        yield torch.stack(batch).contiguous(memory_format=torch.channels_last)


def predict(
    logits: Callable[[Tensor], Tensor],
    photographs: Photographs,
    resolution: int,
    normalisation: Normalisation,
    label: str = "",
) -> Tensor:
    """Class of the highest logit of every photograph, int64 (N,).

    Args:
        logits: maps images (n, 3, resolution, resolution) on the CPU to logits (n, K).
        photographs: to predict.
        resolution: side of the input in pixels.
        normalisation: the network's own.
        label: shown with the progress bar; without a label there is no bar.
    """
    found = []
    with torch.no_grad(), tqdm(total=len(photographs), desc=label, unit=" images", disable=not label) as bar:
        for images in view_batches(photographs, resolution, normalisation):
            found.append(logits(images).argmax(1).cpu())
            bar.update(len(images))
    return torch.cat(found)


def features_of(network: EfficientNet, device: torch.device) -> Callable[[Tensor], Tensor]:
    """A function from images to pooled features (n, C), by a copy of a network with BatchNorms folded into convolutions."""
    features = folded(network.features).to(device).to(memory_format=torch.channels_last)
    return lambda images: features(images.to(device)).mean((2, 3))


def logits_of(network: EfficientNet, device: torch.device) -> Callable[[Tensor], Tensor]:
    """A function from images to logits (n, K) on a device, for ``predict``."""
    pooled, classifier = features_of(network, device), network.classifier.to(device)
    return lambda images: classifier(pooled(images))


def accuracies(predictions: Tensor, labels: Tensor) -> tuple[float, float]:
    """Mean per-class accuracy over the classes that occur, and top-1 accuracy."""
    right = (predictions == labels).double()
    per_class = [right[labels == label].mean() for label in labels.unique()]
    return float(torch.stack(per_class).mean()), float(right.mean())


def accuracy_difference(right: Tensor, reference: Tensor, labels: Tensor, samples: int = 4000) -> Tensor:
    """Mean per-class accuracy minus that of a reference, and its paired 95 % bootstrap interval.

    Photographs are resampled within each class. The interval does not cover the spread between trainings.

    Args:
        right: whether each prediction is right, (N,).
        reference: whether the reference's prediction is right, or the fraction of several references that are right, (N,).
        labels: class indices, (N,).
        samples: number of bootstrap samples, which are the same in every call.

    Returns:
        Difference, lower and upper end as fractions, float64 (3,).
    """
    gains, generator = right.double() - reference.double(), torch.Generator().manual_seed(0)
    drawn = torch.zeros(samples, dtype=torch.float64)
    classes = labels.unique()
    for label in classes:
        own = gains[labels == label]
        drawn += own[torch.randint(len(own), (samples, len(own)), generator=generator)].mean(1)
    mean = torch.stack([gains[labels == label].mean() for label in classes]).mean()
    return torch.cat([mean[None], (drawn / len(classes)).quantile(torch.tensor([0.025, 0.975], dtype=torch.float64))])


class _Predictions(msgspec.Struct):
    """Class indices of photographs in their order, and the hash of the photographs' names."""

    names_sha256: str
    predictions: list[int]


def predictions_path(checkpoint: str | os.PathLike[str]) -> Path:
    """The file beside a checkpoint that records its predictions."""
    return Path(checkpoint).with_suffix(".predictions.json")


def write_predictions(path: Path, photographs: Photographs, predictions: Tensor) -> None:
    """Record class indices in the order of the photographs, with a hash of their names."""
    record = msgspec.to_builtins(_Predictions(photographs.sha256, predictions.tolist()))
    with atomic_write(path) as file:
        file.write((json.dumps(record) + "\n").encode())


def read_predictions(path: Path, photographs: Photographs) -> Tensor | None:
    """Recorded class indices of the same photographs; None where nothing is recorded.

    Raises:
        ValueError: the record is damaged or is about other photographs.
    """
    if not path.is_file():
        return None
    try:
        record = msgspec.json.decode(read_text(path, MOST_BYTES), type=_Predictions)
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        raise ValueError(f"the recorded predictions {str(path)!r} are damaged; restore them") from error
    if record.names_sha256 != photographs.sha256 or len(record.predictions) != len(photographs):
        raise ValueError(f"the recorded predictions {str(path)!r} are about other photographs; give their test list")
    return torch.tensor(record.predictions, dtype=torch.int64)


def add_evaluate_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m models evaluate``."""
    parser.add_argument("--study", default=DEFAULT_STUDY, help="name or .toml of a study (default: %(default)s)")
    parser.add_argument("--data", required=True, metavar="FOLDER", help="one folder of images per category")
    parser.add_argument(
        "--split", metavar="FILE", help="list of category/file to test on (default: the study's test list)"
    )
    parser.add_argument("--variants", metavar="A,B", help="only these (default: all)")
    parser.add_argument(
        "--checkpoint",
        metavar="KEY=FILE",
        action="append",
        default=[],
        help="weights instead of the study's own; may be repeated",
    )
    parser.add_argument("--device", default="auto", help=DEVICES)


def run_evaluate(args: argparse.Namespace) -> int:
    """Print each variant's accuracy, its lead over the baseline, and how many predictions differ from the recorded ones.

    The lead is in percentage points, over the mean of all trainings of the baseline whose predictions are recorded.

    Returns:
        0; 1 where more than 0.3 % differ; 3 where a variant could not be loaded.
    """
    study = _study(args)
    names = args.variants.split(",") if args.variants else list(study.variants)
    chosen = [study.variant(name.strip()).key for name in names]
    folder, split = data_folder(args.data), _split(args)
    choose_device(args.device)
    status, baseline = 0, study.baseline
    chosen.sort(key=lambda key: key != baseline)  # the baseline first: the others' lead is over its answers
    trainings: list[Tensor] = []  # for each training of the baseline, which predictions are right
    print(f"{'variant':<14}{'per class':>10}{'top-1':>8}{'images':>8}  {'less the baseline':<20}  recorded predictions")
    for key in chosen:
        if not study.variants[key].available:
            print(f"{key:<14}has no weights on this machine")
            status = max(status, 3)
            continue
        network = study.load(key, device=args.device)
        photographs = labelled(folder, split, network.categories)
        predictions = _predicted(network, photographs, key)
        mean, top1 = accuracies(predictions, photographs.labels)
        recorded = read_predictions(predictions_path(study.variants[key].path()), photographs)
        different = None if recorded is None else int((recorded != predictions).sum())
        note = "none" if different is None else f"{different} differ ({different / len(predictions):.2%})"
        right = predictions == photographs.labels
        if key == baseline:
            again = [read_predictions(predictions_path(path), photographs) for path in study.retrained]
            trainings = [right, *(one == photographs.labels for one in again if one is not None)]
        lead = ""
        if trainings and key != baseline:
            reference = torch.stack(trainings).double().mean(0)
            lead = lead_in_points(accuracy_difference(right, reference, photographs.labels))
        print(f"{key:<14}{mean:>10.2%}{top1:>8.2%}{len(predictions):>8}  {lead:<20}  {note}")
        if different is not None and different > TOLERATED * len(predictions):
            status = 1
    return status


def lead_in_points(difference: Tensor) -> str:
    """The result of ``accuracy_difference`` in percentage points, as ``-0.4 [-1.5, 0.6]``."""
    mean, low, high = (100 * difference).tolist()
    return f"{mean:z.1f} [{low:z.1f}, {high:z.1f}]"


def _study(args: argparse.Namespace) -> Study:
    """The study with the checkpoints that were given, which must be there."""
    study = load_study(args.study)
    for word in args.checkpoint:
        key, _, path = word.partition("=")
        if not (key and path):
            raise ValueError(f"--checkpoint {word!r} is not understood; expected KEY=FILE, for instance depth=deep.pth")
        study = study.with_checkpoint(key, path)
        study.variant(key).path()
    return study


def _split(args: argparse.Namespace) -> list[str]:
    """The list of photographs to test on."""
    path = Path(args.split) if args.split else STUDY_FOLDER / f"{Path(args.study).stem}-test.txt"
    if not path.is_file():
        raise FileNotFoundError(f"no test list {str(path)!r}; give one with --split")
    return read_list(path)


def _predicted(network: Network, photographs: Photographs, label: str) -> Tensor:
    def logits(images: Tensor) -> Tensor:
        return network.classifier(network.features(images).mean((2, 3)))

    return predict(logits, photographs, network.scaling.input_size, network.normalisation, label)
