"""Maps on a GPU: a simulated one in every run, and a real one for the same tests with ``pytest -m gpu``.

On CUDA the body runs in float16, so maps at the head agree within a few thousandths of their range; at other layers, in
float32 throughout, to the last bits.
"""

import copy
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from PIL import Image

from cam import METHODS, compare
from cam.maps import layers, methods
from cam.measures.perturbation import class_probability, deletion_curve
from models import Network
from models.exhaustion import halving
from models.mirror_test import mirror_maps
from models.precision import strict
from tests.simulated_device import CASTS, simulated
from tests.tiny_network import TINY, tiny_model

PIXELS = np.random.default_rng(0).integers(0, 256, (2, 60, 80, 3), dtype=np.uint8)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def model():
    return tiny_model()


def network(model, device):
    made = copy.deepcopy(model)
    return Network(made, scaling=TINY, family="b", categories=["a", "b", "c"], label="Tiny", device=device)


@pytest.fixture
def pair(model, gpu):
    return network(model, "cpu"), network(model, gpu)


def differ(pair, *asked, **options):
    """Largest difference between the maps of both devices, as a share of their range."""
    here, there = (compare({"x": one}, PIXELS, *asked, **options).maps["x"] for one in pair)
    return float(np.abs(here - there).max() / max(np.ptp(here), 1e-12))


def test_every_closed_form_agrees_with_the_cpu(pair):
    here, there = (compare({"x": one}, PIXELS, "cam", 1, flip=True) for one in pair)
    for method in (name for name, entry in METHODS.items() if entry.closed_form):
        one, other = (seen.explain(method=method).maps["x"] for seen in (here, there))
        if method in ("ablationcam", "fem"):  # a quotient by a small logit; a count of few cells
            assert other.shape == one.shape
            assert np.isfinite(other).all()
        else:
            assert np.abs(one - other).max() < 0.02 * np.ptp(one), method


@pytest.mark.parametrize(
    ("method", "layer", "tolerance"),
    [
        ("gradcam", "stage 1", 1e-3),
        ("layercam", "stage 5, head", 1e-3),
        ("ablationcam", "stage 3", 1e-3),
        ("fullgrad", None, 1e-3),
        ("scorecam", "stage 2", 0.02),
    ],
)
def test_layers_agree_in_float32_and_scores_in_float16(pair, method, layer, tolerance):
    assert differ(pair, method, 1, layer=layer) < tolerance


def test_measures_run_there(pair):
    here, there = pair
    image = torch.stack([here.transform(Image.fromarray(pixels)) for pixels in PIXELS])
    drawn = np.random.default_rng(0).random((96, 96)).astype(np.float32)
    curves = [deletion_curve(class_probability(one, 1), image[0], drawn, 3) for one in pair]
    np.testing.assert_allclose(*curves, atol=0.02)
    for plain, other in zip(mirror_maps(here, image), mirror_maps(there, image), strict=True):
        assert np.abs(plain - other).max() < 0.02 * np.ptp(plain)
    assert here.fingerprint == there.fingerprint


def test_the_body_is_converted_once_and_not_in_every_pass(model, monkeypatch):
    with simulated(monkeypatch):
        there = network(model, "cuda")
        there.features(torch.zeros(1, 3, 96, 96))
        CASTS.clear()
        for _ in range(3):
            there.features(torch.zeros(1, 3, 96, 96))
        assert len(CASTS) == 3  # conversions of the images only


# ------------------------------------------------------------------------------------------------- seeded bugs are caught


def test_a_tensor_left_on_the_cpu_is_caught(pair, monkeypatch):
    monkeypatch.setattr(methods, "weighted_map", lambda features, weights: (features * torch.ones(1, 1, 3, 3)).sum(1))
    with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device"):
        compare({"x": pair[1]}, PIXELS, "layercam", 1)


def test_numpy_of_a_tensor_on_the_device_is_caught(pair, monkeypatch):
    monkeypatch.setattr(layers, "fullgrad_maps", lambda one, images, classes: one.features(images).numpy())
    with pytest.raises(TypeError, match="can't convert cuda:0 device type tensor to numpy"):
        compare({"x": pair[1]}, PIXELS, "fullgrad", 1)


def test_tf32_left_on_is_caught(model, monkeypatch):
    """Without the settings of ``strict`` a map at an early layer is off by far more than with float32."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    with simulated(monkeypatch):
        both = network(model, "cpu"), network(model, "cuda")
        right = differ(both, "hirescam", 1, layer="stage 4")
        for place in ("cam.maps.layers", "models.network", "cam.evidence"):
            monkeypatch.setattr(f"{place}.strict", lambda device: nullcontext())
        wrong = differ(both, "hirescam", 1, layer="stage 4")
    assert right < 1e-4 < 1e-3 < wrong, (right, wrong)


# ------------------------------------------------------------------------------------------------- switches, memory, MPS


def test_switches_are_put_back_when_the_last_leaves():
    cudnn, cuda = torch.backends.cudnn, torch.device("cuda")
    before = cudnn.allow_tf32, cudnn.deterministic
    first, second = strict(cuda), strict(cuda)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert (cudnn.allow_tf32, cudnn.deterministic) == (False, True)
    second.__exit__(None, None, None)
    assert (cudnn.allow_tf32, cudnn.deterministic) == before
    with strict(CPU):
        assert (cudnn.allow_tf32, cudnn.deterministic) == before


def short_of_memory(monkeypatch, most):
    """Simulate a device with memory for at most ``most`` images; the list of batch sizes that were tried."""
    features, tried = Network.features, []

    def small(self, images):
        tried.append(len(images))
        if len(images) > most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return features(self, images)

    monkeypatch.setattr(Network, "features", small)
    return tried


def test_memory_that_runs_out_halves_the_batch(model, monkeypatch):
    here, images = network(model, "cpu"), np.concatenate([PIXELS, PIXELS, PIXELS])
    expected = compare({"x": here}, images, batch_size=1)
    tried = short_of_memory(monkeypatch, 1)
    assert compare({"x": here}, images).maps["x"].shape == (6, 3, 3)
    assert tried[:3] == [6, 3, 1]
    np.testing.assert_array_equal(compare({"x": here}, images).maps["x"], expected.maps["x"])
    assert len(class_probability(here, 0)(torch.zeros(5, 3, 96, 96))) == 5


def test_one_image_that_does_not_fit_is_one_sentence(model, monkeypatch):
    short_of_memory(monkeypatch, 0)
    for method in ("cam", "scorecam"):
        with pytest.raises(
            MemoryError, match=r"memory is too small for pictures of 96 pixels, one at a time; close"
        ) as caught:
            compare({"x": network(model, "cpu")}, PIXELS, method)
        assert "\n" not in str(caught.value)


def test_other_errors_are_not_taken_for_it():
    calls = []
    with pytest.raises(RuntimeError, match="shapes differ"):
        halving(lambda size: calls.append(size) or (_ for _ in ()).throw(RuntimeError("shapes differ")), 8, "images")
    assert calls == [8]


def test_eigencam_asks_mps_for_no_float64(monkeypatch):
    """MPS has no float64, so the decomposition runs on the CPU."""
    from models import precision

    moved = []

    class Metal:
        device = torch.device("mps")

        def cpu(self):
            moved.append(True)
            return torch.ones(2)

        def double(self):
            raise TypeError("Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64")

    assert precision.doubled(Metal()).dtype == torch.float64
    assert moved == [True]


def test_bfloat16_only_where_the_card_has_it(monkeypatch):
    from models.precision import has_bfloat16

    asked = []
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **options: asked.append(options) or False)
    assert not has_bfloat16(torch.device("cuda"))
    assert asked == [{"including_emulation": False}]
    assert not has_bfloat16(CPU)
