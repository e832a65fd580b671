"""Exports with too little memory, slow images, too many failures, and invalid options."""

import os
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from cam.commands import export as export_command
from cam.export import reading
from cam.export.ledger import FOLDER
from models.network import Network
from models.views import Views
from tests.cam.export.exporting import (
    BROKEN,
    CPU,
    alive,
    break_in_twenty_ways,
    children,
    export,
    make_photographs,
    records,
    slow,
    start,
    table,
)
from tests.cam.works import make_given

# ----------------------------------------------------------------------------------------------- memory, slowness, errors


def test_memory_that_is_too_small_halves_the_batch_and_the_ledger_says_so(samples, tmp_path, threads, monkeypatch):
    photographs = make_photographs(samples, tmp_path / "photographs", 7)
    features = Network.features

    def small(network, images, most=2):
        if len(images) > most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return features(network, images)

    monkeypatch.setattr(Network, "features", small)
    assert export(photographs, *CPU, "--batch-size", "8", "--dpi", "60", "--out", tmp_path / "out") == 0
    assert [record["batch"] for record in records(tmp_path / "out")] == [2] * 7
    assert {row["batch"] for row in table(tmp_path / "out")} == {"2"}


def test_memory_that_runs_out_while_more_images_are_to_be_read_loses_none(tmp_path, threads, monkeypatch):
    """Images that are read after the batch was halved still come in batches of the size that the list was cut into."""
    make_given(tmp_path)
    pixels = np.random.default_rng(0).integers(0, 255, (40, 20, 20, 3), dtype=np.uint8)
    (tmp_path / "photographs").mkdir()
    for number, picture in enumerate(pixels):
        Image.fromarray(picture).save(tmp_path / "photographs" / f"{number:02}.png")
    features = Network.features

    def small(network, images):
        if len(images) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return features(network, images)

    monkeypatch.setattr(Network, "features", small)
    monkeypatch.setattr(export_command, "_batches_at_once", lambda device: 1)  # so that 20 images are read ahead
    words = ["--study", tmp_path / "study.toml", "--variants", "baseline", "--device", "cpu", "--write", "maps"]
    assert export(tmp_path / "photographs", *words, "--batch-size", "8", "--out", tmp_path / "out") == 0
    assert len({record["path"] for record in records(tmp_path / "out")}) == 40
    assert {record["batch"] for record in records(tmp_path / "out")} == {1}


def test_an_image_that_no_memory_suffices_for_fails_alone(samples, tmp_path, threads, monkeypatch):
    """An image of one colour stands for one that is too large, because networks see only an image's content."""
    photographs = make_photographs(samples, tmp_path / "photographs", 3)
    Image.new("RGB", (64, 64), "#ff0000").save(photographs / "red.png")
    features = Network.features

    def choosy(network, images):
        if (images.amax(dim=(2, 3)) == images.amin(dim=(2, 3))).all(dim=1)[images[:, 0, 0, 0] > 0.9].any():
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return features(network, images)

    monkeypatch.setattr(Network, "features", choosy)
    assert export(photographs, *CPU, "--dpi", "60", "--out", tmp_path / "out") == 3
    assert {row["image"]: row["error"] for row in table(tmp_path / "out") if row["error"]} == {"red.png": "MemoryError"}


def test_a_slow_image_holds_up_no_other(samples, tmp_path, threads, monkeypatch):
    photographs = make_photographs(samples, tmp_path / "photographs", 20)
    cut, waited = Views.of, []

    def reluctant(content, view, sides, name):
        if "00000" in name:
            while len(records(tmp_path / "out")) < 19 and len(waited) < 600:
                waited.append(time.sleep(0.1))
        return cut(content, view, sides, name)

    monkeypatch.setattr(reading, "Views", SimpleNamespace(of=reluctant))
    assert export(photographs, *CPU, "--dpi", "60", "--out", tmp_path / "out") == 0
    assert len(waited) < 600
    assert "00000" in records(tmp_path / "out")[-1]["path"]


def peak_memory(out, words):
    """Peak memory in MB of the exporting process and of its largest rendering process; exit code; seconds of each record."""
    peaks, moments, workers = {}, [], []
    with start(*words, "--out", out) as process:
        while process.poll() is None:
            workers = workers or children(process.pid)
            for pid in (process.pid, *workers):
                status = Path(f"/proc/{pid}/status")
                lines = status.read_text().splitlines() if alive(pid) else []
                highest = [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")]
                peaks[pid] = max([peaks.get(pid, 0), *highest])
            size = sum(path.stat().st_size for path in (out / FOLDER).glob("*.jsonl")) if out.exists() else 0
            moments.append((time.monotonic(), size))
            time.sleep(0.5)
        process.communicate()
    own = peaks.pop(process.pid)
    return own, max(peaks.values()), process.returncode, moments


@slow
@pytest.mark.linux
def test_memory_and_time_an_image_do_not_grow(samples, tmp_path):
    """10,000 images, or as many as EXPORT_IMAGES says, compared with 500; 5 % are broken in twenty ways."""
    fewer, many = map(int, os.environ.get("EXPORT_IMAGES", "500,10000").split(","))
    for name, count in (("few", fewer), ("many", many)):
        folder = make_photographs(samples, tmp_path / name, count - count // 20)
        for part in range(count // 20 // len(BROKEN)):
            (folder / f"broken {part}").mkdir()
            break_in_twenty_ways(samples, folder / f"broken {part}")
    measured = [peak_memory(tmp_path / f"{name} out", [tmp_path / name, *CPU]) for name in ("few", "many")]
    (few, few_worker, *_), (own, worker, code, moments) = measured
    print(f"{few:.0f} and {few_worker:.0f} MB for {fewer} images, {own:.0f} and {worker:.0f} MB for {many}")
    assert own < 1.1 * few
    assert worker < 1.1 * few_worker
    assert code == 3
    rows = table(tmp_path / "many out")
    assert len(rows) == many - many // 20 + many // 20 // len(BROKEN) * len(BROKEN)
    assert all(row["reason"] for row in rows if row["status"] == "failed")
    begun, size = next(moment for moment in moments if moment[1] > 0), moments[-1][1]
    middle = next(moment for moment in moments if moment[1] >= size / 2)
    print(f"{middle[0] - begun[0]:.0f} s for the first half, {moments[-1][0] - middle[0]:.0f} s for the second")


def test_too_many_failures_end_the_export(samples, tmp_path, threads, capsys):
    photographs = make_photographs(samples, tmp_path / "photographs", 2)
    break_in_twenty_ways(samples, photographs)
    assert export(photographs, *CPU, "--max-failures", "3", "--out", tmp_path / "out") == 1
    assert "as many as --max-failures allows" in capsys.readouterr().err
    assert not (tmp_path / "out" / "index.html").exists()


def test_the_class_may_come_from_the_folder(samples, tmp_path, threads):
    for folder, name in (("meerkat", "meerkats"), ("Egyptian_cat", "cat"), ("no such class", "crab")):
        (tmp_path / "photographs" / folder).mkdir(parents=True)
        os.link(samples / f"{name}.jpg", tmp_path / "photographs" / folder / f"{name}.jpg")
    out = tmp_path / "out"
    assert export(tmp_path / "photographs", *CPU, "--dpi", "60", "--target", "label", "--out", out) == 3
    assert [row["explained"] or row["reason"] for row in table(out)] == [
        "Egyptian cat",
        "meerkat",
        "unknown class 'no such class'; give a class of the study by name or index",
    ]


def test_a_mask_that_does_not_fit_is_a_remark(samples, tmp_path, threads):
    (tmp_path / "photographs").mkdir()
    os.link(samples / "cat.jpg", tmp_path / "photographs" / "cat.jpg")
    Image.new("L", (3, 3), 1).save(tmp_path / "photographs" / "cat.png")
    assert export(tmp_path / "photographs", *CPU, "--dpi", "60", "--out", tmp_path / "out") == 0
    (row,) = table(tmp_path / "out")
    assert row["status"] == "ok"
    assert row["remark"].startswith("the mask of 'cat.jpg' has 3 x 3 pixels")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--write", "figure,posters"], "unknown --write 'posters'; choose from figure, panels, overlays, maps"),
        (["--batch-size", "0"], "--batch-size is 0; expected 1 or more"),
        (["--method", "magic"], "unknown method 'magic'; choose from"),
        (["--method", "fem", "--scale", "row"], "logit"),
        (["--method", "fem", "--target", "tabby - lynx"], "no unit"),
        (["--style", "paper", "--scale", "row"], "the paper style gives every map its own scale"),
        (["--target", "tabbi"], "unknown class 'tabbi'; did you mean 'tabby'"),
        (["--study", "cifar"], "unknown study 'cifar'"),
    ],
)
def test_bad_options_are_one_sentence_and_write_nothing(options, words, samples, tmp_path, capsys):
    assert export(samples, *CPU, *options, "--out", tmp_path / "out") == 1
    said = capsys.readouterr().err.strip()
    assert words in said
    assert "\n" not in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("rank", "world"), [("4", "4"), ("-1", "2"), ("one", "2"), ("0", "0")])
def test_ranks_that_mean_nothing_are_refused(rank, world, samples, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RANK", rank)
    monkeypatch.setenv("WORLD_SIZE", world)
    assert export(samples, *CPU, "--out", tmp_path / "out") == 1
    assert f"RANK={rank} and WORLD_SIZE={world} are not understood" in capsys.readouterr().err
