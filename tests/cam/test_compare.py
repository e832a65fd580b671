"""compare with other methods and layers, from many threads, many times, and with input that it must refuse."""

import gc
import itertools
import json
import threading

import numpy as np
import pytest
import torch
from PIL import Image

from cam import METHODS, Comparison, compare
from models import Scaling, efficientnet
from models.network import Network
from models.placement import Placement

PHOTOGRAPHS = ("cat.jpg", "crab.jpg", "kitten.jpg", "meerkats.jpg")
KINDS = ({}, {"method": "layercam", "target": "own"}, {"method": "gradcam", "layer": "stage 6"}, {"flip": True})


def tiny(categories=("a", "b"), scaling=None, **weights):
    scaling = scaling or Scaling(0.25, 0.25, 64)
    torch.manual_seed(0)
    model = efficientnet(scaling, len(categories))
    with torch.no_grad():
        for name, value in weights.items():
            getattr(model.classifier[-1], name).fill_(value)
    return Network(model, scaling=scaling, family="b", categories=list(categories), label="Tiny", device="cpu")


PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8))


def hooks(networks):
    modules = [m for network in networks.values() for m in (*network.model.modules(), *_copied(network))]
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) + len(m._backward_hooks) for m in modules)


def _copied(network):
    return [module for part in network._inference_copy for module in part.modules()]


# ------------------------------------------------------------------------------------------------------------- threads


def maps_from_threads(networks, paths, rounds, threads=8):
    """Each thread compares photographs in its own order; the differences from the serial maps, and the number of comparisons."""
    jobs = list(itertools.product(paths, KINDS))
    expected = [compare(networks, [path], **kind).maps for path, kind in jobs]
    wrong, seen = [], []

    def work(seed):
        for job in np.random.default_rng(seed).integers(0, len(jobs), rounds):
            path, kind = jobs[job]
            found = compare(networks, [path], **kind).maps
            seen.append(job)
            wrong.extend((path.name, kind, key) for key in found if not np.array_equal(found[key], expected[job][key]))

    workers = [threading.Thread(target=work, args=(seed,)) for seed in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return wrong, len(seen)


def test_eight_threads_see_what_one_sees(lite, samples):
    networks = {"baseline": lite["baseline"], "compound": lite["compound"]}
    wrong, seen = maps_from_threads(networks, [samples / name for name in PHOTOGRAPHS[:2]], 2)
    assert not wrong
    assert seen == 16
    assert hooks(networks) == 0


@pytest.mark.slow
def test_eight_threads_and_two_hundred_comparisons_each(lite, samples):
    networks = {"baseline": lite["baseline"], "compound": lite["compound"]}
    wrong, seen = maps_from_threads(networks, [samples / name for name in PHOTOGRAPHS], 200)
    assert not wrong
    assert seen == 1600
    assert hooks(networks) == 0


# -------------------------------------------------------------------------------------------------------------- memory


def tensors_alive():
    gc.collect()
    return sum(issubclass(type(thing), torch.Tensor) for thing in gc.get_objects())


def test_comparisons_leave_no_tensor_and_no_hook_behind():
    networks = {"baseline": tiny(), "depth": tiny(scaling=Scaling(0.25, 0.5, 64))}
    kinds = [{"method": "fullgrad"}, {"method": "scorecam", "layer": "stage 7"}, {"target": "a - b"}, *KINDS]
    for kind in kinds:
        compare(networks, [PICTURE], **kind)
    before = tensors_alive()
    for kind in kinds * 3:
        seen = compare(networks, [PICTURE], **kind)
        if seen.evidence and METHODS[seen.question.method].closed_form:
            seen.explain("b")
    del seen
    assert tensors_alive() == before
    assert hooks(networks) == 0


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


@pytest.mark.linux
@pytest.mark.slow
def test_a_thousand_comparisons_do_not_grow(lite, samples):
    """Over the last 800 comparisons, resident memory grows by less than 20 KiB each, and the slope is within three standard
    errors of 0, or below 0."""
    networks = {"baseline": lite["baseline"], "compound": lite["compound"]}
    sizes = []
    for turn in range(1000):
        compare(networks, [samples / PHOTOGRAPHS[turn % 4]], **KINDS[turn % 4])
        sizes.append(resident())
    turns = np.arange(200, 1000)
    (slope, _), covariance = np.polyfit(turns, sizes[200:], 1, cov=True)
    print(f"slope {slope / 1024:.2f} KiB for each comparison, standard error {covariance[0, 0] ** 0.5 / 1024:.2f}")
    assert slope < 20 * 1024
    assert hooks(networks) == 0


# --------------------------------------------------------------------------------------------------- methods and layers


def test_every_method_gives_finite_maps_at_its_cells():
    network = {"baseline": tiny()}
    for name in METHODS:
        seen = compare(network, [PICTURE], method=name, target="own")
        maps, facts = seen.maps["baseline"], seen.variants["baseline"]
        assert maps.shape == (1, len(facts.centres), len(facts.centres))
        assert maps.dtype == np.float32
        assert np.isfinite(maps).all()
        assert seen.unit == METHODS[name].unit
        assert METHODS[name].signed or seen.maps["baseline"].max() >= 0


def test_a_saved_comparison_keeps_layer_and_flip(tmp_path):
    seen = compare({"baseline": tiny()}, [PICTURE], "hirescam", layer=["stage 5", "stage 3"], flip=True)
    seen.save(tmp_path / "c.npz")
    loaded = Comparison.load(tmp_path / "c.npz")
    assert (loaded.question.layer, loaded.question.flip, loaded.unit) == ("stage 3, stage 5", True, "")
    assert loaded.variants == seen.variants
    assert loaded.variants["baseline"].centres[1] == 8
    np.testing.assert_array_equal(loaded.maps["baseline"], seen.maps["baseline"])
    text = " ".join(one.get_text() for one in loaded.figure().findobj(lambda one: hasattr(one, "get_text")))
    assert "HiResCAM at stage 3 and stage 5, averaged with the mirror image" in text.replace("\n", " ")


def test_files_from_before_there_were_layers_still_load(tmp_path):
    compare({"baseline": tiny()}, [PICTURE]).save(tmp_path / "new.npz")
    with np.load(tmp_path / "new.npz") as archive:
        arrays = dict(archive)
    document = json.loads(arrays["document"].tobytes())
    assert (document.pop("layer"), document.pop("flip")) == ("head", False)
    assert document["variants"]["baseline"].pop("offset") == [0.0, 0.0]
    arrays["document"] = np.frombuffer(json.dumps(document).encode(), np.uint8)
    np.savez(tmp_path / "old.npz", **arrays)
    old = Comparison.load(tmp_path / "old.npz")
    assert (old.question.layer, old.question.flip) == ("head", False)
    assert old.variants["baseline"].offset == (0.0, 0.0)


def test_a_measured_placement_moves_what_is_drawn_and_is_saved(tmp_path):
    network = tiny()
    nominal = compare({"baseline": network}, [PICTURE], target="a", flip=True)
    network.placement = Placement(8.0, -4.0)
    seen = compare({"baseline": network}, [PICTURE], target="a")
    assert seen.variants["baseline"].offset == seen.variants["baseline"].grid.offset == (8.0, -4.0)
    assert compare({"baseline": network}, [PICTURE], "gradcam", "a", layer="stage 3").variants["baseline"].offset == (
        0,
        0,
    )
    seen.save(tmp_path / "c.npz")
    assert Comparison.load(tmp_path / "c.npz").variants == seen.variants
    flipped = compare({"baseline": network}, [PICTURE], target="a", flip=True)
    before, after = nominal.maps["baseline"], flipped.maps["baseline"]
    assert np.abs(after - before).max() > 0.01 * np.abs(before).max()


def test_scorecam_at_the_head_keeps_the_features_for_other_methods():
    network = {"baseline": tiny()}
    seen = compare(network, [PICTURE], "scorecam", "a")
    np.testing.assert_array_equal(
        seen.explain("b", "cam").maps["baseline"], compare(network, [PICTURE], "cam", "b").maps["baseline"]
    )
    with pytest.raises(ValueError, match="method 'scorecam' runs the network for every map; choose from cam"):
        seen.explain("b")
    elsewhere = compare(network, [PICTURE], "gradcam", "a", layer="stage 5")
    with pytest.raises(ValueError, match="has no features; run compare again"):
        elsewhere.explain("b")


def test_flipped_comparisons_explain_other_classes_from_the_features():
    network = {"baseline": tiny()}
    seen = compare(network, [PICTURE], target="a", flip=True).explain("b")
    np.testing.assert_array_equal(
        seen.maps["baseline"], compare(network, [PICTURE], target="b", flip=True).maps["baseline"]
    )
    stacked = Comparison.stack([seen, seen])
    np.testing.assert_allclose(
        stacked.explain("a").maps["baseline"][1],
        compare(network, [PICTURE], target="a", flip=True).maps["baseline"][0],
        atol=1e-6,
    )
    with pytest.raises(ValueError, match="differ in their flip"):
        Comparison.stack([seen, compare(network, [PICTURE], target="b")])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"method": "cam", "layer": "stage 5"}, "method 'cam' is defined at the head only"),
        ({"method": "fullgrad", "layer": "head"}, "takes every layer at once"),
        ({"layer": "neck"}, "unknown layer 'neck'"),
        ({"method": "gradcam", "layer": "stage 5", "target": "a - b"}, "maps at stage 5 have no unit"),
        ({"method": "fullgrad", "target": "a - b"}, "method 'fullgrad' has no unit"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(options, words):
    with pytest.raises(ValueError, match=words):
        compare({"baseline": tiny()}, [PICTURE], **options)


def test_maps_that_are_not_finite_are_refused():
    """For example, a logit of exactly 0, by which ablation divides."""
    with pytest.raises(ValueError, match="variant 'baseline' gives maps that are not finite on 'image 1'"):
        compare({"baseline": tiny(weight=0.0, bias=0.0)}, [PICTURE], "ablationcam", "a")
