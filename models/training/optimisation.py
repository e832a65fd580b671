"""Steps: the optimisers, the learning rate of each layer, the schedule, and the average of the weights."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torchvision.models import EfficientNet

from models.training.recipe import Recipe


class TensorFlowRMSprop(torch.optim.Optimizer):
    """RMSProp as TensorFlow 1 computes it; the paper's networks were trained with it.

    ``ms = decay ms + (1 - decay) g^2``, starting at 1; ``mom = momentum mom + lr g / sqrt(ms + eps)``; ``w = w - mom``.
    PyTorch's own starts at 0, adds eps outside the root, and applies the current learning rate to old momentum.

    References:
        https://www.tensorflow.org/api_docs/python/tf/compat/v1/train/RMSPropOptimizer
    """

    def __init__(
        self,
        params: Iterable,
        lr: float,
        decay: float = 0.9,
        momentum: float = 0.9,
        eps: float = 1e-3,
        weight_decay: float = 0.0,
    ):
        super().__init__(
            params, {"lr": lr, "decay": decay, "momentum": momentum, "eps": eps, "weight_decay": weight_decay}
        )

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One step; weight decay is added to the gradient, as a penalty in the loss would."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["mean_square"] = torch.ones_like(weight)
                    state["momentum"] = torch.zeros_like(weight)
                gradient = weight.grad.add(weight, alpha=group["weight_decay"])
                mean_square, momentum = state["mean_square"], state["momentum"]
                mean_square.lerp_(gradient.square(), 1 - group["decay"])
                momentum.mul_(group["momentum"]).addcdiv_(
                    gradient, (mean_square + group["eps"]).sqrt(), value=group["lr"]
                )
                weight.sub_(momentum)


def parameter_groups(network: EfficientNet, recipe: Recipe) -> list[dict]:
    """Parameters by learning rate (the body's or the classifier's) and by whether weight decay applies to them.

    Args:
        network: as ``models.efficientnet`` builds it.
        recipe: its learning rates and weight decay are used.
    """
    classifier = {id(p) for p in network.classifier.parameters()}
    groups: dict[tuple[float, float], list[Tensor]] = {}
    for parameter in network.parameters():
        rate = recipe.lr_classifier if id(parameter) in classifier else recipe.lr
        decay = recipe.weight_decay if parameter.dim() > 1 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    return [{"params": members, "rate": rate, "weight_decay": decay} for (rate, decay), members in groups.items()]


def make_optimiser(groups: list[dict], recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimiser; ``set_rates`` sets every group's learning rate before each step."""
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(groups, lr=recipe.lr, momentum=recipe.momentum, nesterov=recipe.momentum > 0)
    if recipe.optimiser == "adamw":
        return torch.optim.AdamW(groups, lr=recipe.lr)
    return TensorFlowRMSprop(groups, recipe.lr, momentum=recipe.momentum)


def rate_factor(recipe: Recipe, epoch: float) -> float:
    """Factor on every learning rate after ``epoch`` epochs, fractions included: a linear warm-up, then the schedule."""
    warmup = min(recipe.warmup_epochs, recipe.epochs / 2)
    if epoch < warmup:
        return max(epoch / warmup, 1e-3)
    if recipe.schedule == "exponential":
        return recipe.decay_rate ** int(epoch / recipe.decay_epochs)
    return 0.5 + 0.5 * math.cos(math.pi * min(1.0, (epoch - warmup) / (recipe.epochs - warmup)))


def set_rates(optimiser: torch.optim.Optimizer, factor: float) -> None:
    """Set every group's learning rate to its own rate times a factor.

    PyTorch's ``LambdaLR`` would count steps by itself: a second position to save, which older states of trainings lack.
    """
    for group in optimiser.param_groups:
        group["lr"] = group["rate"] * factor


class WeightAverage:
    """Exponential moving average of a network's weights and BatchNorm statistics.

    The n-th update keeps min(decay, n / (n + 9)) of the average, so that it starts almost as a plain mean instead of with a
    long memory of the first weights.
    """

    def __init__(self, network: nn.Module):
        self.tensors = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
        self.updates = 0

    @torch.no_grad()
    def update(self, network: nn.Module, decay: float) -> None:
        """Move the average towards the network's weights; integer tensors are copied."""
        self.updates += 1
        share = 1 - min(decay, self.updates / (self.updates + 9))
        averages, currents = [], []
        for name, tensor in network.state_dict().items():
            if tensor.is_floating_point():
                averages.append(self.tensors[name])
                currents.append(tensor)
            else:
                self.tensors[name].copy_(tensor)
        torch._foreach_lerp_(averages, currents, share)

    def restart(self, network: nn.Module) -> None:
        """Forget the past: the average becomes the network's weights."""
        self.updates = 0
        for name, tensor in network.state_dict().items():
            self.tensors[name].copy_(tensor)
