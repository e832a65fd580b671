"""What a comparison keeps of each network, so that maps of other classes and methods need no further pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from cam.maps.methods import METHODS, closed_form_of
from models.classifier import class_weights
from models.precision import strict


@dataclass(frozen=True)
class Evidence:
    """What maps of any class are computed from, on one device.

    Attributes:
        features: (N, C, h, w).
        head: from pooled features (N, C) to logits (N, K); the network's own.
        mirrored: features of the mirrored images; None where they are not averaged.
    """

    features: Tensor
    head: nn.Module
    mirrored: Tensor | None = None

    def logits(self, features: Tensor) -> Tensor:
        """Logits of these features or of mirrored ones, (N, K)."""
        with torch.no_grad(), strict(features.device):
            return self.head(features.mean(dim=(2, 3)))

    def maps(self, method: str, features: Tensor, logits: Tensor, class_idx: np.ndarray) -> np.ndarray:
        """Raw maps (N, h, w) of these features or of mirrored ones, given their logits (N, K)."""
        rows = torch.from_numpy(class_idx).to(features.device)
        explained = logits.to(features.device).gather(1, rows[:, None]).squeeze(1)
        with strict(features.device):
            weights = class_weights(self.head, features, rows, METHODS[method].score)
            return closed_form_of(method)(features, weights, explained).cpu().numpy()


def stacked(evidence: Sequence[Evidence]) -> Evidence:
    """One network's evidence on several sets of images, joined into one."""
    turned = [one.mirrored for one in evidence if one.mirrored is not None]
    features = torch.cat([one.features for one in evidence])
    return replace(evidence[0], features=features, mirrored=torch.cat(turned) if turned else None)


def require_finite(arrays: Mapping[str, np.ndarray], kind: str, names: Sequence[str]) -> None:
    """Refuse logits or maps that are not finite, with the variant's and the image's names.

    Raises:
        ValueError: for the first such image.
    """
    for key, values in arrays.items():
        bad = np.flatnonzero(~np.isfinite(values).reshape(len(values), -1).all(axis=1))
        if len(bad):
            raise ValueError(
                f"variant {key!r} gives {kind} that are not finite on {names[bad[0]]!r}; its weights are damaged"
            )
