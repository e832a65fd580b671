"""FullGrad: gradients of the input and of every bias, which together add up to the logit of a piecewise linear network."""

import copy

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops.misc import SqueezeExcitation

from cam.maps.closed_forms import weights_at
from models.efficientnet import LAYERS
from models.network import Network

CELL = 4


def fullgrad_centres(resolution: int) -> list[float]:
    """Centres of equal cells of about 4 x 4 pixels: the grid on which ``fullgrad_maps`` adds everything up."""
    side = -(-resolution // CELL)
    return [(cell + 0.5) * resolution / side - 0.5 for cell in range(side)]


def fullgrad_maps(network: Network, images: Tensor, class_idx: Tensor) -> np.ndarray:
    """Maps of the images' classes on the grid of ``fullgrad_centres``, float32 (N, side, side), not negative.

    Every term of ``terms`` is drawn where its cells look.

    References:
        Srinivas & Fleuret, NeurIPS 2019, https://arxiv.org/abs/1905.00780
    """
    resolution = images.shape[-1]
    places = np.asarray(fullgrad_centres(resolution))
    before, after = network.split("head")
    of_input, *of_layers = terms(nn.Sequential(before, after), images, class_idx)
    total = F.adaptive_avg_pool2d(of_input[:, None], len(places))[:, 0].cpu().numpy()
    centres = {len(found): found for found in map(network.cell_centres, LAYERS)}
    for term in of_layers:
        weights = weights_at(centres[term.shape[-1]], places)
        total = total + np.einsum("yi,nij,xj->nyx", weights, term.cpu().numpy(), weights, optimize=True)
    return total.astype(np.float32)


def terms(network: nn.Module, images: Tensor, class_idx: Tensor) -> list[Tensor]:
    """|input x gradient|, and |bias x gradient| of every convolution with a bias, scaled channel by channel and added up.

    Each channel is scaled from its minimum to its maximum, as by the authors and by the grad-cam library. A bias of a
    squeeze-and-excitation gate has one gradient for the whole image, which this scaling makes 0.

    Args:
        network: from images to logits, with BatchNorm folded into the convolutions, so that their biases hold its shift. It
            is not changed: hooks go on a copy of its modules that shares its tensors.
        images: normalised, (N, 3, H, W).
        class_idx: int64 (N,).

    Returns:
        (N, H, W) first, then (N, h, w) in the order of the layers.
    """
    private, outputs = _listening(network)
    with torch.inference_mode(False), torch.enable_grad():
        images = images.detach().clone().requires_grad_(True)
        explained = private(images).gather(1, class_idx[:, None]).sum()
        of_input, *of_outputs = torch.autograd.grad(explained, [images, *(output for _, output in outputs)])
    found = [_scaled_sum(images.detach() * of_input)]
    for (bias, _), gradient in zip(outputs, of_outputs, strict=True):
        found.append(_scaled_sum(bias.detach()[:, None, None] * gradient))
    return found


def _listening(network: nn.Module) -> tuple[nn.Module, list[tuple[Tensor, Tensor]]]:
    """A copy that notes the bias and the output of every convolution with a bias, except those of gates."""
    tensors = [*network.parameters(), *network.buffers()]
    private = copy.deepcopy(network, {id(tensor): tensor for tensor in tensors})
    gates = {id(m) for gate in private.modules() if isinstance(gate, SqueezeExcitation) for m in gate.modules()}
    outputs: list[tuple[Tensor, Tensor]] = []

    def note(layer: nn.Module, inputs: tuple, output: Tensor) -> None:
        outputs.append((layer.bias, output))  # type: ignore[arg-type]

    for layer in private.modules():
        if isinstance(layer, (nn.SiLU, nn.ReLU6)):
            layer.inplace = False  # else the noted output would become the activation's
        elif isinstance(layer, nn.Conv2d) and layer.bias is not None and id(layer) not in gates:
            layer.register_forward_hook(note)
    return private, outputs


def _scaled_sum(products: Tensor) -> Tensor:
    size = products.abs()
    size = size - size.amin(dim=(2, 3), keepdim=True)
    return (size / (1e-7 + size.amax(dim=(2, 3), keepdim=True))).sum(dim=1)
