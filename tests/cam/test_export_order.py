"""The same list gives the same bytes, in whatever order its images are read and wherever an export was interrupted.

Features of the compound network (300 pixels) depend on an image's place in its batch; smaller networks do not show that.
"""

import hashlib
import os
import random
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from PIL import Image

from cam.__main__ import main
from cam.export import pipeline, reading
from cam.export.ledger import FOLDER
from models import Network, load_study

COMPOUND = ("--study", "caltech101", "--variants", "compound", "--device", "cpu")
ALL_FIVE = ("--study", "caltech101", "--device", "cpu")


@contextmanager
def pool(workers):
    with ThreadPoolExecutor(workers) as made:
        yield made


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Render in threads, and restore torch's settings afterwards."""
    before = torch.get_num_threads(), torch.backends.cudnn.deterministic
    monkeypatch.setattr(pipeline, "rendering_processes", pool)
    yield
    torch.set_num_threads(before[0])
    torch.backends.cudnn.deterministic = before[1]


@pytest.fixture
def shuffled(monkeypatch):
    """Call with a seed: from then on, reading an image takes a random time, so that images finish in another order."""
    read = reading.Reader.__call__

    def shuffle(seed):
        chance = random.Random(seed)

        def late(reader, item):
            time.sleep(chance.random() / 5)
            return read(reader, item)

        monkeypatch.setattr(reading.Reader, "__call__", late)

    return shuffle


def contents(out):
    """The sha256 of every file except ledgers and lock."""
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.parent.name != FOLDER and path.name != ".lock"
    }


@pytest.fixture
def photographs(samples, tmp_path):
    """Nine samples and, between them, two files that are not images."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    for path in sorted(samples.glob("*.jpg"))[:9]:
        os.link(path, folder / path.name)
    for name in ("c broken", "m broken"):
        (folder / f"{name}.jpg").write_bytes(b"no image")
    return folder


def export(*words):
    return main(["export", *map(str, words), "--dpi", "50", "--write", "maps,figure"])


@pytest.fixture(autouse=True)
def places_matter(monkeypatch):
    """Make features depend on the place in the batch, as on some processors in the last bits, but by far more."""
    features = Network.features

    def by_place(network, images):
        found = features(network, images)
        return found * (1 + 0.01 * torch.arange(len(found)).view(-1, 1, 1, 1))

    monkeypatch.setattr(Network, "features", by_place)


def test_places_in_a_batch_do_matter(samples):
    """The other tests prove something only if places in a batch make a difference."""
    network = load_study("caltech101").load("baseline", "cpu")
    picture = network.transform(Image.open(samples / "butterfly.jpg").convert("RGB"))
    features = network.features(torch.stack([picture] * 4))
    assert all(not torch.equal(features[0], features[place]) for place in range(1, 4))


@pytest.mark.parametrize("size", [(), ("--batch-size", "4")], ids=["one at a time", "four"])
def test_order_of_reading_changes_nothing(size, photographs, tmp_path, shuffled):
    assert export(photographs, *COMPOUND, *size, "--out", tmp_path / "plain") == 3
    for seed in range(2):
        shuffled(seed)
        assert export(photographs, *COMPOUND, *size, "--out", tmp_path / f"shuffled {seed}") == 3
        assert contents(tmp_path / f"shuffled {seed}") == contents(tmp_path / "plain")


@pytest.mark.parametrize("size", [(), ("--batch-size", "4")], ids=["one at a time", "four"])
def test_what_is_done_already_keeps_its_place(size, photographs, tmp_path, shuffled):
    """Some files of a finished export are lost: their images are computed again, next to other images than before."""
    out = tmp_path / "out"
    assert export(photographs, *COMPOUND, *size, "--out", out) == 3
    whole = contents(out)
    for path in sorted((out / "maps").iterdir())[1::2]:
        path.unlink()
    shuffled(3)
    assert export(photographs, *COMPOUND, *size, "--out", out) == 3
    assert contents(out) == whole


def test_ranks_of_any_number_give_the_same(photographs, tmp_path, monkeypatch):
    assert export(photographs, *COMPOUND, "--batch-size", "4", "--out", tmp_path / "one") == 3
    for rank in "210":
        monkeypatch.setenv("RANK", rank)
        monkeypatch.setenv("WORLD_SIZE", "3")
        export(photographs, *COMPOUND, "--batch-size", "4", "--out", tmp_path / "three")
    assert contents(tmp_path / "three") == contents(tmp_path / "one")


def test_an_image_that_spoils_its_batch_does_not_move_the_others(photographs, tmp_path, monkeypatch):
    """The batch is computed again, with each image alone in its place."""
    assert export(photographs, *COMPOUND, "--batch-size", "4", "--out", tmp_path / "plain") == 3
    from cam.export import looking

    ask = looking.ask_once

    def choosy(networks, views, *rest):
        reds = [one.name for one in views if np.asarray(one.sides[300])[..., 0].min() > 250]
        if reds:
            raise ValueError("variant 'compound' gives logits that are not finite")
        return ask(networks, views, *rest)

    monkeypatch.setattr(looking, "ask_once", choosy)
    Image.new("RGB", (64, 64), "#ff0000").save(photographs / "m broken.jpg")
    assert export(photographs, *COMPOUND, "--batch-size", "4", "--out", tmp_path / "spoilt") == 3
    both = contents(tmp_path / "plain"), contents(tmp_path / "spoilt")
    assert {name: digest for name, digest in both[0].items() if name.startswith("maps/")} == {
        name: digest for name, digest in both[1].items() if name.startswith("maps/")
    }


@pytest.mark.slow
def test_all_samples_with_all_five_in_many_orders(samples, tmp_path, shuffled):
    """As many runs as ORDERS says (default: 20), while other work keeps every core busy."""
    assert export(samples, *ALL_FIVE, "--out", tmp_path / "plain") == 0
    whole = contents(tmp_path / "plain")
    for seed in range(int(os.environ.get("ORDERS", "20"))):
        shuffled(seed)
        assert export(samples, *ALL_FIVE, "--out", tmp_path / "again") == 0
        assert contents(tmp_path / "again") == whole
        shutil.rmtree(tmp_path / "again")
