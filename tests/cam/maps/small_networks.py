"""Networks and images for the tests of maps at any layer."""

import numpy as np
import pytorch_grad_cam as library
import torch
from PIL import Image
from torch import nn

GRADIENT = {  # method -> its class in the grad-cam library
    "gradcam": library.GradCAM,
    "hirescam": library.HiResCAM,
    "xgradcam": library.XGradCAM,
    "layercam": library.LayerCAM,
    "gradcam++": library.GradCAMPlusPlus,
    "gradcam-elementwise": library.GradCAMElementWise,
    "fem": library.FEM,
    "eigencam": library.EigenCAM,
    "eigengradcam": library.EigenGradCAM,
}
SIZE = (96, 160)


def images_of(count=2, size=SIZE):
    return torch.randn(count, 3, *size, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def halves(model, place):
    after = nn.Sequential(*model.features[place + 1 :], nn.AdaptiveAvgPool2d(1), nn.Flatten(1), model.classifier[-1])
    return model.features[: place + 1], after


def scaled(maps):
    maps = np.maximum(maps, 0)
    maps = maps - maps.min(axis=(-2, -1), keepdims=True)
    return maps / (1e-7 + maps.max(axis=(-2, -1), keepdims=True))


def picture_of(seed):
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (64, 64, 3), dtype=np.uint8))
