"""Studies: manifests, sources, and the messages when they are wrong."""

from dataclasses import replace

import pytest
import torch

from models import (
    SCALINGS,
    Scaling,
    StudyError,
    efficientnet,
    load_study,
    save_checkpoint,
)
from models.normalisation import HALF, LITE
from models.studies import VARIANTS


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A small real checkpoint with three classes, its categories recorded."""
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    scaling = Scaling(0.5, 0.5, 64)
    metadata = {"categories": ["cat", "cup", "pagoda"]}
    save_checkpoint(path, efficientnet(scaling, 3), scaling=scaling, family="b", metadata=metadata)
    return path


def manifest(folder, text, beside="[variants.compound]"):
    """A study's file with one variant more than a test is about, because a study needs at least two."""
    path = folder / "study.toml"
    path.write_text(f"{text}\n{beside}", encoding="utf-8")
    return path


def test_googles_lites_are_compound_scaling_and_work_offline():
    study = load_study("lite")
    assert (list(study.variants), study.baseline) == (["lite0", "lite1", "lite2"], "lite0")
    networks = [study.load(key, "cpu") for key in study.variants]
    assert [one.scaling for one in networks] == [SCALINGS["b0"], SCALINGS["b1"], SCALINGS["b2"]]
    assert {(one.family, one.normalisation, len(one.categories)) for one in networks} == {("lite", LITE, 1000)}
    assert [one.params for one in networks] == sorted({one.params for one in networks})


@pytest.mark.parametrize("key", ["depth", "width"])
def test_a_grown_variant_computes_its_sources_function(tmp_path, key):
    """At a tenth of the size, but otherwise the same."""
    torch.save(efficientnet(Scaling(0.5, 0.5), 3, "lite").state_dict(), tmp_path / "small.pth")
    text = (
        '[variants.baseline]\nsource = { file = "small.pth" }\nnormalisation = "half"\n'
        f'[variants.{key}]\nsource = {{ grown_from = "baseline" }}\nnote = "grown, not trained"\n'
        "scaling = { width_mult = 1.0, depth_mult = 1.0, resolution = 64 }"
    )
    study = load_study(manifest(tmp_path, text, beside=""))
    source, grown = study.load("baseline", "cpu"), study.load(key, "cpu")
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(grown.model(images), source.model(images), rtol=1e-3, atol=1e-6)
    assert (grown.normalisation, grown.note, grown.scaling) == (HALF, "grown, not trained", Scaling(1.0, 1.0, 64))


def test_a_grown_variant_has_no_rows_of_other_classes(tmp_path):
    """Those of its source are for the source's features, of which a wider network has more."""
    metadata = {"categories": ["a", "b", "c", "d"], "label_sets": {"first": 2, "second": 2}}
    scaling = Scaling(0.5, 0.5, 64)
    save_checkpoint(
        tmp_path / "x.safetensors", efficientnet(scaling, 4), scaling=scaling, family="b", metadata=metadata
    )
    text = (
        'label_set = "first"\n[variants.baseline]\nsource = { file = "x.safetensors" }\n[variants.width]\n'
        'source = { grown_from = "baseline" }\nscaling = { width_mult = 1.0, depth_mult = 0.5, resolution = 64 }'
    )
    study = load_study(manifest(tmp_path, text, beside=""))
    source, grown = study.load("baseline", "cpu"), study.load("width", "cpu")
    assert source.other_rows is not None
    assert grown.other_rows is None
    assert grown.classifier.in_features > source.classifier.in_features


@pytest.mark.parametrize(("width", "depth"), [(1.0, 4.0), (2.0, 1.0), (1.2, 1.4), (2.0, 4.0)])
def test_real_weights_grow_exactly(lite, width, depth):
    from models import grow

    images = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    grown = grow(lite["baseline"].model, Scaling(width, depth))
    with torch.no_grad():
        assert (grown(images) - lite["baseline"].model(images)).abs().max() < 1e-3


def test_five_paths_make_a_study(tmp_path, checkpoint):
    text = 'title = "Mine"\n' + "\n".join(f'[variants.{key}]\nsource = {{ file = "{checkpoint}" }}' for key in VARIANTS)
    study = load_study(manifest(tmp_path, text, beside=""))
    network = study.load("depth", "cpu")
    assert study.title == "Mine"
    assert network.categories == ["cat", "cup", "pagoda"]
    assert network.scaling == Scaling(0.5, 0.5, 64)


def test_unrecorded_resolution_is_the_networks_own_not_that_of_its_place(tmp_path):
    path = tmp_path / "b0.pth"
    torch.save(efficientnet(SCALINGS["b0"], 2).state_dict(), path)
    study = load_study(manifest(tmp_path, '[variants.resolution]\nsource = { file = "b0.pth" }'))
    assert study.load("resolution", "cpu").scaling.resolution == 224


def test_an_entry_says_which_network_of_a_file(tmp_path):
    """A trainer's file holds the average beside the weights themselves: one file, two variants of a study."""
    scaling = Scaling(0.5, 0.5, 64)
    average, weights = (efficientnet(scaling, 2).state_dict() for _ in range(2))
    torch.save({"state_dict_ema": average, "state_dict": weights}, tmp_path / "last.pth.tar")
    sources = ('{ file = "last.pth.tar" }', '{ file = "last.pth.tar", entry = "state_dict" }')
    tables = zip(("baseline", "compound"), sources, strict=True)
    text = "\n".join(f"[variants.{key}]\nsource = {source}" for key, source in tables)
    study = load_study(manifest(tmp_path, text, beside=""))
    for key, expected in (("baseline", average), ("compound", weights)):
        assert torch.equal(
            study.load(key, "cpu").model.state_dict()["classifier.1.weight"], expected["classifier.1.weight"]
        )


def test_a_checkpoint_replaces_a_variant(tmp_path, checkpoint):
    study = load_study(manifest(tmp_path, '[variants.depth]\nlabel = "Deeper"'))
    assert not study.variants["depth"].available
    replaced = study.with_checkpoint("depth", checkpoint)
    network = replaced.load("depth", "cpu")
    assert network.label == "Deeper"
    assert network.provenance == "from the file small.safetensors"
    assert not study.variants["depth"].available


def test_unpublished_variants_leave_the_others_working():
    study = load_study("imagenet")
    assert [key for key, variant in study.variants.items() if not variant.available] == ["depth", "width"]
    with pytest.raises(StudyError, match="bring a checkpoint: --checkpoint depth=FILE"):
        study.load("depth")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title = ", "not valid TOML"),
        ("[variants.Huge]", "has a variant 'Huge'; expected lower-case letters, digits and _"),
        ("[variants.'a b']", "has a variant 'a b'; expected lower-case"),
        ("[variants.1]", "has a variant '1'; expected lower-case"),
        ("[variants]\nsmall = 1", r"no \[variants.KEY\] tables; expected 2 to 8"),
        ("[variants.depth]\nweights = 'x'", "weights = 'x' is not understood"),
        ("[variants.depth]\nsource = { url = 'x' }", "expected one of file, package, torchvision, grown_from"),
        ("[variants.depth]\nfamily = 'c'", "variant 'depth': unknown family 'c'"),
        ("[variants.depth]\nscaling = { width_mult = 0 }", "variant 'depth': width_mult is 0"),
        ("[variants.depth]\nscaling = { width = 1 }", "variant 'depth': .*width"),
        ("categories = 7\n[variants.depth]", "categories = 7 is not understood"),
        ("retrained = 'x'\n[variants.depth]", "retrained = 'x' is not understood"),
        ("samples = ['cat', 1]\n[variants.depth]", r"samples = \['cat', 1\] is not understood"),
        ("categories = 'none.txt'\n[variants.depth]", "no file of categories"),
    ],
)
def test_mistakes_in_a_manifest_are_one_sentence(tmp_path, text, words):
    with pytest.raises(StudyError, match=words) as caught:
        load_study(manifest(tmp_path, text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["title = 'empty'", "variants = 2", "variants = ['baseline', 'depth']"])
def test_a_study_without_variants_is_refused(tmp_path, text):
    with pytest.raises(StudyError, match=r"has no \[variants.KEY\] tables; expected 2 to 8 of them") as caught:
        load_study(manifest(tmp_path, text, beside=""))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("count", "words"), [(1, "has 1 variant; expected 2 to 8"), (9, "has 9 variants; expected 2 to 8")]
)
def test_one_variant_or_nine_make_no_study(tmp_path, count, words):
    tables = "\n".join(f"[variants.v{place}]" for place in range(count))
    with pytest.raises(StudyError, match=words):
        load_study(manifest(tmp_path, tables, beside=""))


@pytest.mark.parametrize(
    ("came", "shown", "baseline"),
    [
        ("small large", "small large", "small"),
        ("compound baseline", "baseline compound", "baseline"),
        ("teacher compound student baseline", "teacher baseline student compound", "baseline"),
        ("e d c b a h g f", "e d c b a h g f", "e"),
        ("width depth", "depth width", "depth"),
    ],
)
def test_variants_keep_the_manifests_order_and_the_five_their_own(tmp_path, came, shown, baseline):
    tables = "\n".join(f"[variants.{key}]" for key in came.split())
    study = load_study(manifest(tmp_path, tables, beside=""))
    assert (list(study.variants), study.baseline) == (shown.split(), baseline)


def test_studies_of_other_names_load(tmp_path, checkpoint):
    torch.save(efficientnet(SCALINGS["b2"], 3).state_dict(), tmp_path / "b2.pth")
    text = f'[variants.tiny_one]\nsource = {{ file = "{checkpoint}" }}\n[variants.b2]\nsource = {{ file = "b2.pth" }}'
    study = load_study(manifest(tmp_path, text, beside='[variants.twin]\nsource = { grown_from = "tiny_one" }'))
    assert study.load("tiny_one", "cpu").label == "Tiny one"
    own = replace(SCALINGS["b2"], resolution=288)  # as torchvision, whose names the tensors have, trained its B2
    assert study.load("b2", "cpu").scaling == own
    with pytest.raises(StudyError, match="variant 'twin' is grown, but has no scaling; give one in the manifest"):
        study.load("twin", "cpu")


def test_a_study_tells_what_its_variants_are_before_it_loads_them(tmp_path, checkpoint):
    torch.save(efficientnet(SCALINGS["b0"], 3, "lite").state_dict(), tmp_path / "lite.pth")
    text = (
        f'[variants.own]\nsource = {{ file = "{checkpoint}" }}\n[variants.lite]\nsource = {{ file = "lite.pth" }}\n'
        '[variants.depth]\nsource = { file = "absent.pth" }\n[variants.absent]\nsource = { file = "absent.pth" }\n'
    )
    study = load_study(manifest(tmp_path, text))
    found = {key: study.architecture(key) for key in study.variants}
    assert found == {
        "own": (Scaling(0.5, 0.5, 64), "b", 3),
        "lite": (SCALINGS["b0"], "lite", 3),
        "depth": (SCALINGS["depth"], "b", 1000),
        "absent": None,
        "compound": (SCALINGS["compound"], "b", 1000),
    }


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('file = "absent.pth"', "there is no file .*absent.pth"),
        (
            'package = "no_such_package", file = "x.pth"',
            "package 'no_such_package' is not one of this project's; choose",
        ),
        ('torchvision = "Nonsense"', "torchvision has no weights 'Nonsense'"),
        ('grown_from = "width"', "has no variant 'width'"),
    ],
)
def test_missing_sources_are_one_sentence(tmp_path, source, words):
    path = manifest(tmp_path, f"[variants.depth]\nsource = {{ {source} }}")
    with pytest.raises(StudyError, match=words):
        load_study(path).load("depth", "cpu")


def test_another_files_hash_is_refused(tmp_path, checkpoint):
    text = f'[variants.depth]\nsource = {{ file = "{checkpoint}" }}\nsha256 = "{"0" * 64}"'
    with pytest.raises(StudyError, match="not the file that the study describes"):
        load_study(manifest(tmp_path, text)).load("depth", "cpu")


def test_a_wrong_class_count_is_refused(tmp_path, checkpoint):
    text = f'categories = ["one", "two"]\n[variants.depth]\nsource = {{ file = "{checkpoint}" }}'
    with pytest.raises(StudyError, match="its weights know 3 classes, the study .* has 2"):
        load_study(manifest(tmp_path, text)).load("depth", "cpu")


@pytest.mark.parametrize(
    ("study", "words"), [("cifar", "unknown study 'cifar'; choose from"), ("no.toml", "cannot read")]
)
def test_unknown_studies_are_refused(study, words):
    with pytest.raises(StudyError, match=words):
        load_study(study)


def test_unknown_variants_and_devices_are_refused(tmp_path, checkpoint):
    study = load_study(manifest(tmp_path, f'[variants.depth]\nsource = {{ file = "{checkpoint}" }}'))
    with pytest.raises(StudyError, match="has no variant 'wide'; choose from depth, compound"):
        study.load("wide")
    with pytest.raises(ValueError, match="unknown device 'tpu'; choose auto"):
        study.load("depth", device="tpu")
