"""The same list gives the same bytes, in whatever order its images are read and wherever an export was interrupted.

Features of the compound network (300 pixels) depend on an image's place in its batch; smaller networks do not show that.
"""

import hashlib
import os
import random
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache

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


@pytest.fixture(scope="module", autouse=True)
def places_matter():
    """Make features depend on the place in the batch, as on some processors in the last bits, but by far more.

    Files are rendered in threads, and torch's settings restored afterwards.
    """
    before = torch.get_num_threads(), torch.backends.cudnn.deterministic
    features = Network.features

    def by_place(network, images):
        found = features(network, images)
        return found * (1 + 0.01 * torch.arange(len(found)).view(-1, 1, 1, 1))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "rendering_processes", ThreadPoolExecutor)
        patch.setattr(Network, "features", by_place)
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
            time.sleep(chance.random() / 10)
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


@pytest.fixture(scope="module")
def photographs(samples, tmp_path_factory):
    """Nine samples and, between them, two files that are not images."""
    folder = tmp_path_factory.mktemp("photographs")
    for path in sorted(samples.glob("*.jpg"))[:9]:
        os.link(path, folder / path.name)
    for name in ("c broken", "m broken"):
        (folder / f"{name}.jpg").write_bytes(b"no image")
    return folder


def export(*words):
    return main(["export", *map(str, words), "--dpi", "50", "--write", "maps,figure"])


ALONE, FOURS = (), ("--batch-size", "4")
both_sizes = pytest.mark.parametrize("size", [ALONE, FOURS], ids=["one at a time", "four"])


@pytest.fixture(scope="module")
def plain(photographs, tmp_path_factory):
    """An export that nothing disturbs, with a size of batches: its folder."""

    @cache
    def exported(size):
        out = tmp_path_factory.mktemp("plain") / "out"
        assert export(photographs, *COMPOUND, *size, "--out", out) == 3
        return out

    return exported


def test_places_in_a_batch_do_matter(samples):
    """The other tests prove something only if places in a batch make a difference."""
    network = load_study("caltech101").load("baseline", "cpu")
    picture = network.transform(Image.open(samples / "butterfly.jpg").convert("RGB"))
    features = network.features(torch.stack([picture] * 4))
    assert all(not torch.equal(features[0], features[place]) for place in range(1, 4))


@both_sizes
@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_order_of_reading_changes_nothing(size, seed, photographs, plain, tmp_path, shuffled):
    shuffled(seed)
    assert export(photographs, *COMPOUND, *size, "--out", tmp_path / "shuffled") == 3
    assert contents(tmp_path / "shuffled") == contents(plain(size))


@both_sizes
def test_what_is_done_already_keeps_its_place(size, photographs, plain, tmp_path, shuffled):
    """Some files of a finished export are lost: their images are computed again, next to other images than before."""
    out = shutil.copytree(plain(size), tmp_path / "out")
    whole = contents(out)
    for path in sorted((out / "maps").iterdir())[1::2]:
        path.unlink()
    shuffled(3)
    assert export(photographs, *COMPOUND, *size, "--out", out) == 3
    assert contents(out) == whole


def test_ranks_of_any_number_give_the_same(photographs, plain, tmp_path, monkeypatch):
    for rank in "210":
        monkeypatch.setenv("RANK", rank)
        monkeypatch.setenv("WORLD_SIZE", "3")
        export(photographs, *COMPOUND, *FOURS, "--out", tmp_path / "three")
    assert contents(tmp_path / "three") == contents(plain(FOURS))


def test_an_image_that_spoils_its_batch_does_not_move_the_others(photographs, plain, tmp_path, monkeypatch):
    """The batch is computed again, with each image alone in its place."""
    whole, reddened = contents(plain(FOURS)), shutil.copytree(photographs, tmp_path / "photographs")
    from cam.export import looking

    ask = looking.ask_once

    def choosy(networks, views, *rest):
        reds = [one.name for one in views if np.asarray(one.sides[300])[..., 0].min() > 250]
        if reds:
            raise ValueError("variant 'compound' gives logits that are not finite")
        return ask(networks, views, *rest)

    monkeypatch.setattr(looking, "ask_once", choosy)
    Image.new("RGB", (64, 64), "#ff0000").save(reddened / "m broken.jpg")
    assert export(reddened, *COMPOUND, *FOURS, "--out", tmp_path / "spoilt") == 3
    both = whole, contents(tmp_path / "spoilt")
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
