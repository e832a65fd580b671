"""Networks of other libraries in memory: recognised by what they compute, left unchanged, never out of date."""

import copy

import pytest
import torch
from PIL import Image
from torchvision.models import efficientnet as tv
from torchvision.models import resnet18

from cam import compare
from models import Network
from models.normalisation import HALF, IMAGENET

PICTURE = Image.effect_noise((64, 64), 80).convert("RGB")


def torchvisions(classes=3):
    torch.manual_seed(0)
    settings, _ = tv._efficientnet_conf("efficientnet_b0", width_mult=0.25, depth_mult=0.3)
    return tv.EfficientNet(settings, 0.2, num_classes=classes, last_channel=320)


def timms(**options):
    efficientnets = pytest.importorskip("timm.models.efficientnet")
    torch.manual_seed(0)
    return efficientnets._gen_efficientnet("efficientnet_b0", 0.25, 0.3, num_classes=3, **options)


def state_of(model):
    modes = [module.training for module in model.modules()]
    return modes, [tensor.clone() for tensor in model.state_dict().values()], [p.grad for p in model.parameters()]


@pytest.fixture(scope="module")
def taken():
    model = torchvisions()
    return model, Network.from_model(model, ["cat", "cup", "pagoda"], device="cpu")


def test_it_computes_what_the_model_computes(taken):
    model, network = taken
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        expected = copy.deepcopy(model).eval()(images)
    torch.testing.assert_close(network.logits(network.features(images)), expected, rtol=1e-4, atol=1e-6)
    assert (network.family, network.scaling.width_mult, network.normalisation) == ("b", 0.25, IMAGENET)
    assert compare({"mine": network}, [PICTURE], target="cup").maps["mine"].shape == (1, 7, 7)


def test_the_callers_model_stays_in_training_mode_with_its_hooks_unheard():
    model, heard = torchvisions().train(), []
    model.features[3].eval()
    model.register_forward_hook(lambda *_: heard.append(1))
    before = state_of(model)
    compare({"mine": Network.from_model(model, device="cpu")}, [PICTURE])
    after = state_of(model)
    assert (after[0], after[2], heard, len(model._forward_hooks)) == (before[0], before[2], [], 1)
    assert all(map(torch.equal, after[1], before[1]))


@pytest.mark.parametrize(
    ("options", "family"),
    [({}, "b"), ({"pad_type": "same", "bn_eps": 1e-3}, "tf")],
)
def test_timms_are_told_apart_by_what_they_compute_and_bring_their_input(options, family):
    model = timms(**options)
    model.pretrained_cfg = {"mean": (0.5,) * 3, "std": (0.5,) * 3, "input_size": (3, 96, 96)}
    network = Network.from_model(model, device="cpu")
    assert (network.family, network.normalisation, network.scaling.input_size) == (family, HALF, 96)


def step(model):
    with torch.no_grad():
        model.classifier[1].weight.add_(0.1)


def secretly(model):
    model.features[0][0].weight.data.mul_(1.5)


@pytest.mark.parametrize("change", [step, secretly])
def test_weights_that_changed_give_no_old_maps(change):
    model = torchvisions()
    network = Network.from_model(model, device="cpu")
    before = compare({"mine": network}, [PICTURE])
    change(model)
    with pytest.raises(ValueError, match="weights have changed since Network.from_model read them; call it again"):
        compare({"mine": network}, [PICTURE])
    after = compare({"mine": Network.from_model(model, device="cpu")}, [PICTURE])
    assert not (after.maps["mine"] == before.maps["mine"]).all()


def test_features_and_layers_notice_a_step_too():
    model = torchvisions()
    network = Network.from_model(model, device="cpu")
    step(model)
    for used in (lambda: network.features(torch.zeros(1, 3, 64, 64)), lambda: network.split("stage 5")):
        with pytest.raises(ValueError, match="weights have changed"):
            used()


def test_a_model_that_is_gone_has_not_changed():
    network = Network.from_model(torchvisions(), device="cpu")
    assert len(network.fingerprint) == 64


class Doubled(tv.EfficientNet):
    """A network with an EfficientNet's weights but another function."""

    def forward(self, x):
        return super().forward(2 * x)


def doubled():
    model = torchvisions()
    model.__class__ = Doubled
    return model


@pytest.mark.parametrize(
    ("made", "options", "words"),
    [
        (torchvisions, {"categories": ["a", "b"]}, "2 categories for a model of 3 outputs; give one name for each"),
        (torchvisions, {"family": "tf"}, "computes other logits than family tf does with its weights"),
        (torchvisions, {"family": "lite"}, "squeeze-and-excitation, unlike family 'lite'"),
        (doubled, {}, "computes other logits than every family does with its weights"),
        (resnet18, {}, "the model: a ResNet; expected a scaling of EfficientNet-B0"),
    ],
)
def test_what_is_not_as_claimed_is_refused(made, options, words):
    with pytest.raises(ValueError, match=words) as caught:
        Network.from_model(made(), device="cpu", **options)
    assert "/" not in str(caught.value)


def test_no_module_at_all_is_a_type_error():
    with pytest.raises(TypeError, match="got a dict; expected an EfficientNet of torchvision or timm"):
        Network.from_model({}, device="cpu")
