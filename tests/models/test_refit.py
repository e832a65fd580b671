"""Growth for training: nearly the same function, nothing dead, no twins, on Google's Lite0 and real photographs.

What only says how growth goes about it, and needs no real weights, is tested on a quarter of the network.
"""

import pytest
import torch

from models import SCALINGS, Scaling, efficientnet, grow
from models.images import normalised, open_image, view_image
from models.liveness import measure_liveness
from models.network import folded
from models.noisy_copies import Rules, twins
from models.normalisation import LITE
from models.refit import Step, grow_alive, steps
from models.training.lineage import named_checkpoint

SIDE = 96
B0_LAYERS = (1, 2, 2, 3, 3, 4, 1)


@pytest.fixture(scope="module")
def lite0():
    return named_checkpoint("lite0").network().eval()


@pytest.fixture(scope="module")
def crops(samples):
    """Inputs of Lite0: 21 crops of each of 17 sample photographs; the last two of each are held out."""
    generator, found = torch.Generator().manual_seed(0), []
    for path in sorted(samples.glob("*.jpg")):
        image = view_image(open_image(path), "square", 224)
        pixels = (
            torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8).view(224, 224, 3).permute(2, 0, 1) / 255
        )
        for row, column in torch.randint(0, 224 - SIDE, (21, 2), generator=generator).tolist():
            found.append(pixels[:, row : row + SIDE, column : column + SIDE])
    images = normalised(torch.stack(found), LITE).view(-1, 21, 3, SIDE, SIDE)
    return images[:, :19].flatten(0, 1), images[:, 19:].flatten(0, 1)


WIDER, DEEPER, BOTH = Scaling(1.5, 1.0, SIDE), Scaling(1.0, 3.0, SIDE), Scaling(1.2, 1.4, SIDE)


@pytest.fixture(scope="module", params=[*(pytest.param(one, marks=pytest.mark.slow) for one in (WIDER, DEEPER)), BOTH])
def grown(request, lite0, crops):
    return grow(lite0, request.param, crops[0], seed=1), request.param


def logits(network, images):
    features = folded(network.features)
    with torch.no_grad():
        return torch.cat([network.classifier(features(batch).mean((2, 3))) for batch in images.split(34)])


def test_most_of_the_function_is_kept_on_crops_not_fitted(grown, lite0, crops):
    """Measured: the logits' correlation is 0.95 or more; on whole photographs of ImageNet, 98 to 99 % of the top-1 stay."""
    before, after = (logits(network, crops[1]) for network in (lite0, grown[0]))
    assert torch.corrcoef(torch.stack([before.flatten(), after.flatten()]))[0, 1] > 0.9
    assert (before.argmax(1) == after.argmax(1)).float().mean() > 0.6


def test_nothing_is_dead_and_nothing_a_twin(grown, lite0, crops):
    """Exact growth to the same scaling is the control: its added blocks add nothing, its added channels are copies."""
    network, scaling = grown
    found, source = (measure_liveness(one, crops[1], B0_LAYERS) for one in (network, lite0))
    control = measure_liveness(grow(lite0, scaling), crops[1][::4], B0_LAYERS)  # few show a repetition that is exact
    if scaling.depth_mult > 1:
        assert found.last.top1_changed > 0.1
        assert control.last.top1_changed == 0
        assert min(adds for stage in found.stages for adds in stage.adds if adds is not None) > 0.05
    if scaling.width_mult > 1:
        middle = range(2, 6)  # stages 3 to 6: at this size and width, other stages have too few positions or channels
        for index in middle:
            assert found.stages[index].stream.twins < 0.02
            assert found.stages[index].expanded.twins < 0.1
            assert control.stages[index].stream.twins > 0.3
            wider = found.stages[index].dimensions / source.stages[index].dimensions
            assert wider > (1.1 if scaling.width_mult > 1.4 else 1.0)


def test_growth_depends_on_its_seed_alone(crops):
    network, images = random_network(QUARTER, "lite", crops[0]), crops[0][:120]
    first, again, other = (grow(network, Scaling(0.35, 0.5, SIDE), images, seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["features.5.1.block.0.0.weight"], other["features.5.1.block.0.0.weight"])


QUARTER = Scaling(0.25, 0.5, SIDE)


def random_network(scaling, family, images):
    """A network with random weights and BatchNorm statistics of the images, so that signals stay in range."""
    network = efficientnet(scaling, 9, family).train()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = None
        network(images[:64])
    return network.eval()


@pytest.mark.parametrize("family", ["b", pytest.param("tf", marks=pytest.mark.slow)])
def test_gates_silu_and_wider_ends_grow_too(family, crops):
    """A network with squeeze-excite, whose stem and head scale as well; one-block stages get blocks of their own."""
    network = random_network(QUARTER, family, crops[0])
    generator = torch.Generator().manual_seed(0)
    network.classifier[-1].weight.data.normal_(0, 1, generator=generator)
    grown = grow(network, Scaling(0.5, 1.2, SIDE), crops[0], seed=0)
    assert len(grown.features[7]) == 2
    before, after = (logits(one, crops[1]) for one in (network, grown))
    centred = [values - values.mean(0) for values in (before, after)]
    assert torch.corrcoef(torch.stack([values.flatten() for values in centred]))[0, 1] > 0.5
    without = grown.features[7][1]
    with torch.no_grad():
        without.block[-1][1].weight.zero_()
        without.block[-1][1].bias.zero_()
    assert (logits(grown, crops[1]) - after).abs().max() > 0.01 * after.abs().max()


def test_residual_steps_are_shared_out_evenly():
    assert steps(3, 3, 4) == [Step(0, 0, 1), Step(1, 0, 1), Step(2, 0, 1)]
    assert steps(2, 4, 2) == [Step(0, 0, 1), Step(1, 0, 1 / 3), Step(1, 1 / 3, 2 / 3), Step(1, 2 / 3, 1)]
    assert steps(3, 5, 4) == [Step(0, 0, 1), Step(1, 0, 0.5), Step(1, 0.5, 1), Step(2, 0, 0.5), Step(2, 0.5, 1)]
    assert steps(1, 3, 7) == [Step(0, 0, 0.75), Step(0, 0.75, 0.875), Step(0, 0.875, 1)]
    with pytest.raises(ValueError, match="stage 5 has 3 layers and cannot have 2"):
        steps(3, 2, 5)


def test_twins_by_hand():
    """The second channel is the first with the sign changed, the third nearly so, the fourth independent, the fifth constant."""
    generator = torch.Generator().manual_seed(0)
    one, noise, own = torch.randn(3, 1000, generator=generator)
    rows = torch.stack([one, -2 * one + 5, one + 0.1 * noise, own, torch.full((1000,), 3.0)], 1)
    assert twins(rows, 0.9).tolist() == [False, True, True, False, False]
    assert twins(rows, 0.999).tolist() == [False, True, False, False, False]


def test_what_cannot_grow_is_a_sentence(lite0, crops):
    with pytest.raises(ValueError, match=r"3 photographs give 27 positions .* 1,152 channels .*; give at least 256"):
        grow(lite0, Scaling(1.0, 2.0, SIDE), crops[0][:3])
    with pytest.raises(ValueError, match="expected prepared ones"):
        grow(lite0, SCALINGS["depth"], crops[0][:, :1])
    with pytest.raises(ValueError, match="narrower|width not smaller"):
        grow(lite0, Scaling(0.5, 1.0, SIDE), crops[0])
    with pytest.raises(ValueError, match="depth not smaller"):
        grow(lite0, Scaling(1.0, 0.5, SIDE), crops[0])


def test_noise_is_what_tells_the_copies_apart(crops):
    """Without noise, which is otherwise raised in rounds, hidden channels stay twins: the control of the test above."""
    network = random_network(QUARTER, "lite", crops[0])

    def hidden_twins(rules):
        grown = grow_alive(network, Scaling(0.5, 0.5, SIDE), crops[0][:160], 0, rules)
        found = measure_liveness(grown, crops[1], (1, 1, 1, 2, 2, 2, 1))
        return [found.stages[index].expanded.twins for index in range(2, 6)]

    assert min(hidden_twins(Rules(noise=0.0, first=0.0, rounds=1))) > 0.4
    assert max(hidden_twins(Rules())) < 0.1
