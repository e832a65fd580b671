"""The loss of one training step, and how a network's layers behave in training."""

import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import StochasticDepth

from models.efficientnet import STOCHASTIC_DEPTH
from models.training.kept_batchnorm import keep_batchnorm
from models.training.recipe import Recipe


def labels_loss(logits: Tensor, labels: Tensor, others: Tensor, own: float, smoothing: float) -> Tensor:
    """Mean cross entropy with smoothed labels; mixed images have two labels, the second with weight 1 - ``own``."""
    loss = own * F.cross_entropy(logits, labels, label_smoothing=smoothing)
    if own < 1:
        loss = loss + (1 - own) * F.cross_entropy(logits, others, label_smoothing=smoothing)
    return loss


def answers_loss(logits: Tensor, answers: Tensor) -> Tensor:
    """Mean divergence of the network's class probabilities from a teacher's, given as logarithms, (N, K)."""
    return F.kl_div(F.log_softmax(logits, 1), answers, log_target=True, reduction="batchmean")


def adapt_layers(network: nn.Module, recipe: Recipe) -> None:
    """Set BatchNorm, dropout and stochastic depth as the recipe says, in place."""
    if recipe.batchnorm == "kept":
        keep_batchnorm(network)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = recipe.batchnorm_momentum
        elif isinstance(module, StochasticDepth):
            module.p *= recipe.stochastic_depth / STOCHASTIC_DEPTH
        elif isinstance(module, nn.Dropout) and recipe.dropout is not None:
            module.p = recipe.dropout
