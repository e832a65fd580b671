"""ONNX Runtime and PyTorch compute the same features; the choice between them is made once and reported."""

import threading

import pytest
import torch

from models import Network, Scaling, efficientnet, load_study, open_image
from models.engine import ONNX_RUNTIME, PYTORCH, VARIABLE, chosen_engine, engine_words
from models.graphs import session


def small(family="b"):
    torch.manual_seed(0)
    scaling = Scaling(0.4, 0.3, 96)
    model = efficientnet(scaling, 3, family)
    return Network(model, scaling=scaling, family=family, categories=["a", "b", "c"], label="Small", device="cpu")


@pytest.fixture(scope="module")
def both():
    """The shipped baseline with each engine."""
    with pytest.MonkeyPatch.context() as patch:
        found = {}
        for engine in (PYTORCH, ONNX_RUNTIME):
            patch.setenv(VARIABLE, engine)
            found[engine] = load_study("photographs").load("baseline", "cpu")
        return found


@pytest.fixture(scope="module")
def images(both, samples):
    baseline = both[PYTORCH]
    return torch.stack([baseline.transform(open_image(samples / name)) for name in ("cat.jpg", "spaniels.jpg")])


def test_both_engines_give_the_same_features(both, images):
    expected = both[PYTORCH].features(images)
    found = both[ONNX_RUNTIME].features(images)
    assert abs(found - expected).max() < 1e-5 * expected.max()
    assert not torch.equal(found, expected)  # otherwise one of them would have run twice


def test_both_engines_give_the_same_features_of_a_mosaic(both, images, monkeypatch):
    """Four photographs at once: a pass of PyTorch's would show that the size was not taken."""
    mosaic = torch.cat([torch.cat([*images], dim=-1)] * 2, dim=-2)[None]
    expected = both[PYTORCH].features(mosaic)
    monkeypatch.setattr(both[ONNX_RUNTIME], "_parts", lambda: pytest.fail("PyTorch ran"))
    found = both[ONNX_RUNTIME].features(mosaic)
    assert found.shape[-1] == 2 * both[ONNX_RUNTIME].features(images).shape[-1]
    assert abs(found - expected).max() < 1e-5 * expected.max()


def test_an_image_has_the_same_bits_in_any_company_and_with_any_threads(both, images):
    network = both[ONNX_RUNTIME]
    whole = network.features(images)
    assert torch.equal(network.features(images[1:]), whole[1:])
    assert torch.equal(network.features(images.flip(0)).flip(0), whole)
    before = torch.get_num_threads()
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        again = load_study("photographs").load("baseline", "cpu")
        assert torch.equal(again.features(images), whole)
    torch.set_num_threads(before)


def test_threads_share_one_session(monkeypatch):
    made = []
    monkeypatch.setattr("models.engine.session_of", lambda *words: made.append(1) or session.session_of(*words))
    network, image, found = small(), torch.rand(1, 3, 96, 96), []
    threads = [threading.Thread(target=lambda: found.append(network.features(image))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert all(torch.equal(one, found[0]) for one in found)


def test_the_session_keeps_no_second_copy_of_the_graph(monkeypatch):
    kept = []
    monkeypatch.setattr("models.engine.session_of", lambda *words: kept.append(session.session_of(*words)) or kept[0])
    network = small()
    network.features(torch.rand(1, 3, 96, 96))
    large = [value for value in vars(kept[0]).values() if isinstance(value, bytes) and len(value) > 1000]
    assert not large
    assert "_inference_copy" not in vars(network)  # nor has PyTorch a copy of the weights


def test_layers_and_other_sizes_are_pytorchs():
    network = small("tf")
    body, rest = network.split("stage 4")
    image = torch.rand(1, 3, 96, 96)
    pooled = network.logits(network.features(image))
    torch.testing.assert_close(rest(body(image)), pooled, atol=1e-5, rtol=1e-5)
    wide = torch.rand(1, 3, 96, 128)
    with torch.no_grad():
        torch.testing.assert_close(network.features(wide), network.model.features(wide), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("asked", "device", "installed", "chosen"),
    [
        ("", "cpu", True, ONNX_RUNTIME),
        ("", "cpu", False, PYTORCH),
        ("", "cuda", True, PYTORCH),
        ("", "mps", True, PYTORCH),
        (PYTORCH, "cpu", True, PYTORCH),
        (ONNX_RUNTIME, "cpu", True, ONNX_RUNTIME),
        (ONNX_RUNTIME, "cuda", True, PYTORCH),
    ],
)
def test_the_engine_is_chosen_by_device_environment_and_what_is_installed(
    monkeypatch, asked, device, installed, chosen
):
    monkeypatch.setenv(VARIABLE, asked)
    monkeypatch.setattr("models.engine.is_installed", lambda: installed)
    assert chosen_engine(torch.device(device)) == chosen


def test_an_engine_that_is_not_there_is_refused_in_one_sentence(monkeypatch):
    monkeypatch.setenv(VARIABLE, "tensorrt")
    with pytest.raises(
        ValueError, match="COMPOUND_CAM_ENGINE='tensorrt' is not an engine; choose from pytorch, onnxruntime"
    ):
        small()
    monkeypatch.setenv(VARIABLE, ONNX_RUNTIME)
    monkeypatch.setattr(session, "is_installed", lambda: False)
    with pytest.raises(ModuleNotFoundError, match="pip install onnx onnxruntime"):
        small()


def test_without_onnx_runtime_pytorch_runs_it(monkeypatch):
    image = torch.rand(2, 3, 96, 96)
    expected = small().features(image)
    monkeypatch.setattr("models.engine.is_installed", lambda: False)
    network = small()
    assert network.engine == PYTORCH
    torch.testing.assert_close(network.features(image), expected, atol=1e-4, rtol=1e-4)


def test_a_saved_comparison_says_which_engine(both, samples, tmp_path):
    from cam import Comparison, compare

    for engine, network in both.items():
        compare({"baseline": network}, samples / "cat.jpg").save(tmp_path / "saved.npz")
        facts = Comparison.load(tmp_path / "saved.npz").variants["baseline"]
        assert facts.engine == engine_words(engine)
        assert facts.engine.startswith({PYTORCH: "PyTorch 2", ONNX_RUNTIME: "ONNX Runtime 1"}[engine])
