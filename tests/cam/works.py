"""Works that write to the disk, small enough to be done hundreds of times; what they need, and what they leave."""

import argparse
import hashlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import torch
from PIL import Image

from cam.__main__ import main
from models import Scaling, efficientnet, save_checkpoint
from models.commands import run_command
from models.normalisation import LITE
from models.training.datasets import labelled, list_names
from models.training.lineage import draw
from models.training.recipe import Phase, Recipe
from models.training.run import TrainingRun

SCALING = Scaling(0.25, 0.5, 64)
CLASSES = ("ant", "bee", "cow")
RECIPE = Recipe("tiny", phases=(Phase(1, 1.0),), batch_size=8, policy="trivial", mix_probability=0.0)


def make_given(folder):
    """A study of two tiny networks, and photographs of three classes."""
    random = np.random.default_rng(0)
    torch.manual_seed(0)
    save_checkpoint(
        folder / "tiny.safetensors",
        efficientnet(SCALING, 3).eval(),
        scaling=SCALING,
        family="b",
        metadata={"categories": list(CLASSES)},
    )
    tables = "\n".join(f'[variants.{key}]\nsource = {{ file = "tiny.safetensors" }}' for key in ("baseline", "width"))
    (folder / "study.toml").write_text(tables)
    for name in CLASSES:
        (folder / "data" / name).mkdir(parents=True)
        for number in range(3):
            pixels = random.integers(0, 255, (40, 50, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / "data" / name / f"{number}.png")
    return folder


@contextmanager
def one_thread(workers):
    """In place of rendering processes, which take seconds to start."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


def export(given, out):
    words = ["--study", given / "study.toml", "--device", "cpu", "--dpi", "30", "--workers", "1"]
    return main(
        ["export", *map(str, [given / "data" / "ant", "--out", out, "--limit", "1", "--write", "figure,maps", *words])]
    )


def compare(given, out):
    words = ["--study", given / "study.toml", "--device", "cpu", "--out", out / "f.png", "--save", out / "f.npz"]
    return main(["compare", *map(str, [given / "data" / "ant" / "0.png", *words])])


def evaluate(given, out):
    words = [
        "--study",
        given / "study.toml",
        "--device",
        "cpu",
        "--out",
        out / "r.json",
        "--draws",
        "0",
        "--mosaics",
        "1",
    ]
    return main(["evaluate", "--data", *map(str, [given / "data", *words])])


def train(given, out):
    """One epoch with its state, and the checkpoint that comes of it."""

    def command(_):
        torch.manual_seed(0)
        photographs = labelled(given / "data", list_names(given / "data"), list(CLASSES))
        network = draw(SCALING, 3, "b", 1)
        run = TrainingRun(network, photographs, RECIPE, 64, LITE, 1, torch.device("cpu"), out / "tiny")
        network.load_state_dict(run.finish())
        save_checkpoint(out / "tiny.safetensors", network.eval(), scaling=SCALING, family="b")
        return 0

    return run_command(command, argparse.Namespace(), "train")


def contents(out):
    """Finished files and their hashes, without journals and states, which say when, and what is half written."""
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file()
        and path.parent.name != "ledger"
        and path.suffix not in (".jsonl", ".pt", ".partial")
        and path.name != ".lock"
    }


WORK = {"export": export, "compare": compare, "train": train, "evaluate": evaluate}
