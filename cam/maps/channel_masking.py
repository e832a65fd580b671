"""Methods that run the network with one channel after another removed or used as a mask: AblationCAM and ScoreCAM.

They need no gradients and cost a pass for each channel. Passes are batched to the available memory; only one batch of the C
masks, each of the image's size, exists at a time.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from cam.maps.closed_forms import weighted_map
from models.pulse import parts

Scores = Callable[[Tensor], Tensor]


def scorecam(scores: Scores, image: Tensor, features: Tensor, rows: Tensor, columns: Tensor, at_once: int) -> Tensor:
    """Channels weighted by the class's logit for the image seen through them.

    A mask is a channel interpolated to the image's size and scaled from its minimum to its maximum; where it is 0, so is the
    masked image, which is the mean colour of the network's normalisation. The weights are the softmax of the C logits; the
    paper subtracts the logit of an empty image from all of them, which does not change the softmax.

    Args:
        scores: images (n, 3, H, W) -> logits of the explained class (n,).
        image: normalised, (3, H, W).
        features: of that image at the layer, (C, h, w).
        rows: (H, h), interpolates along the vertical axis; see ``cam.maps.closed_forms.weights_at``.
        columns: (W, w), interpolates along the horizontal axis.
        at_once: masked images in one pass.

    Returns:
        Raw map, (h, w).

    References:
        Wang et al., CVPR Workshops 2020, https://arxiv.org/abs/1910.01279
    """
    found = []
    for part in parts(features.split(at_once)):
        masks = rows @ part @ columns.T
        low, high = masks.amin(dim=(1, 2), keepdim=True), masks.amax(dim=(1, 2), keepdim=True)
        found.append(scores(image * ((masks - low) / (high - low + 1e-8))[:, None]))
    return weighted_map(features[None], torch.cat(found).softmax(dim=0)[None])[0]


def ablationcam(scores: Scores, features: Tensor, at_once: int) -> Tensor:
    """Channels weighted by the share of the class's logit that is lost when they are set to 0.

    Args:
        scores: features of the layer (n, C, h, w) -> logits of the explained class (n,).
        features: of one image, (C, h, w).
        at_once: ablated copies in one pass.

    Returns:
        Raw map, (h, w).

    References:
        Desai & Ramaswamy, WACV 2020
    """
    logit, left = scores(features[None]), []
    for part in parts(torch.arange(len(features), device=features.device).split(at_once)):
        copies = features.repeat(len(part), 1, 1, 1)
        copies[torch.arange(len(part), device=features.device), part] = 0
        left.append(scores(copies))
    return weighted_map(features[None], ((logit - torch.cat(left)) / logit)[None])[0]
