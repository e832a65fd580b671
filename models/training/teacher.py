"""A teacher: a trained network whose answers to the same crops a student learns, without any labels.

References:
    Beyer et al., Knowledge distillation: a good teacher is patient and consistent, CVPR 2022,
    https://arxiv.org/abs/2106.05237 (the same crop for teacher and student, many epochs).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.checkpoints.loading import Checkpoint
from models.network import folded
from models.normalisation import Normalisation
from models.precision import has_bfloat16


class Teacher:
    """Class probabilities of a frozen network for images that were prepared for another network.

    Args:
        checkpoint: of the teacher.
        resolution: side in pixels to which each crop is resized for the teacher.
        student: normalisation of the images that it is given.
        device: where it runs.
    """

    def __init__(self, checkpoint: Checkpoint, resolution: int, student: Normalisation, device: torch.device):
        network = checkpoint.network().float().eval()
        self.features = folded(network.features).to(device).to(memory_format=torch.channels_last)
        self.classifier: nn.Linear = network.classifier[-1].to(device).requires_grad_(False)
        self.resolution, self.device = resolution, device
        own = checkpoint.normalisation
        self.scale = _channels(device, [theirs / mine for theirs, mine in zip(student.std, own.std, strict=True)])
        means = zip(student.mean, own.mean, own.std, strict=True)
        self.shift = _channels(device, [(theirs - mine) / std for theirs, mine, std in means])

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        """Logarithms of the teacher's class probabilities, float32 (N, K), for normalised images (N, 3, h, w)."""
        images = images * self.scale + self.shift
        if images.shape[-1] != self.resolution:
            size, smaller = (self.resolution, self.resolution), self.resolution < images.shape[-1]
            images = F.interpolate(images, size=size, mode="bilinear", antialias=smaller, align_corners=False)
        images = images.contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=quick_in_bfloat16(self.device)):
            features = self.features(images)
        return F.log_softmax(self.classifier(features.float().mean((2, 3))), 1)


def quick_in_bfloat16(device: torch.device) -> bool:
    """Whether forward passes are faster in bfloat16: on GPUs, and on processors with instructions for it."""
    if device.type == "cuda":
        return has_bfloat16(device)
    return device.type == "cpu" and torch.ops.mkldnn._is_mkldnn_bf16_supported()


def _channels(device: torch.device, values: list[float]) -> Tensor:
    return torch.tensor(values, device=device).view(1, 3, 1, 1)
