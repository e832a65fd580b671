"""A method at any layer does not change the network, even after an error and with several threads."""

import threading

import numpy as np
import pytest
import torch

from cam.maps.layers import run_maps

# ------------------------------------------------------------------------------------------------- what is left behind


def state_of(network):
    return (
        [module.training for module in network.model.modules()],
        [(p.requires_grad, p.grad, p._version) for p in network.model.parameters()],
        [b._version for b in network.model.buffers()],
        [
            (dict(m._forward_hooks), dict(m._backward_hooks), dict(m._forward_pre_hooks))
            for m in network.model.modules()
        ],
    )


RUNS = [("gradcam", ("stage 3",)), ("fullgrad", ("all",)), ("scorecam", ("stage 5",)), ("ablationcam", ("stage 6",))]


@pytest.mark.parametrize(("method", "layers"), RUNS)
def test_a_network_is_left_as_it_was(method, layers, small):
    """The network's training mode, frozen parameters, gradients and hooks all stay."""
    parameters = list(small.model.parameters())
    small.features(torch.rand(1, 3, 64, 64))
    calls = []
    handle = small.model.features[2].register_forward_hook(lambda *args: calls.append(1))
    parameters[0].requires_grad_(False)
    parameters[1].grad = torch.ones_like(parameters[1])
    small.model.train()
    try:
        before = state_of(small)
        run_maps(small, torch.rand(2, 3, 64, 64), np.array([0, 1]), method, layers)
        assert state_of(small) == before
        assert not calls
    finally:
        handle.remove()
        small.model.eval()
        parameters[0].requires_grad_(True)
        parameters[1].grad = None


@pytest.mark.parametrize(("method", "layers"), RUNS)
def test_an_error_on_the_way_leaves_nothing_either(method, layers, small, monkeypatch):
    """A layer near the end fails, as when memory runs out; the next map is the same as before."""
    images, class_idx = torch.rand(1, 3, 64, 64), np.array([2])
    expected, before = run_maps(small, images, class_idx, method, layers), state_of(small)
    with monkeypatch.context() as patch:

        def fail(*args):
            raise MemoryError

        patch.setattr(small._inference_copy[1][0], "forward", fail)
        patch.setattr("models.engine.Engine.features", fail)
        with pytest.raises(MemoryError):
            run_maps(small, images, class_idx, method, layers)
    assert state_of(small) == before
    assert not any(m._forward_hooks or m._backward_hooks for part in small._inference_copy for m in part.modules())
    np.testing.assert_array_equal(run_maps(small, images, class_idx, method, layers), expected)


def test_it_works_inside_inference_mode(small):
    images, class_idx = torch.rand(1, 3, 64, 64), np.array([2])
    expected = run_maps(small, images, class_idx, "gradcam", ("stage 3",))
    with torch.inference_mode():
        np.testing.assert_array_equal(run_maps(small, images, class_idx, "gradcam", ("stage 3",)), expected)


def test_threads_do_not_meet(small):
    """Eight threads with four methods on one network give the same maps as one thread."""
    images = torch.rand(8, 1, 3, 64, 64)
    expected = [[run_maps(small, image, np.array([1]), *run) for run in RUNS] for image in images]
    wrong = []

    def work(place):
        for run, map_ in zip(RUNS, expected[place], strict=True):
            if not np.array_equal(run_maps(small, images[place], np.array([1]), *run), map_):
                wrong.append((place, run))

    threads = [threading.Thread(target=work, args=(place,)) for place in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
