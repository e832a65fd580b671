"""Other rows of a classifier than a study's: what speaks for classes that the study has not.

A study may take some rows of a classifier that knows more. Of an otter the 101 categories of Caltech-101 say "beaver", and
the same network's rows of ImageNet's classes say otter. Which of those classes the study has under another name is in the
weights: all rows are fitted to the same features, so rows of classes that look alike point the same way.
"""

import torch
from torch import Tensor, nn

from models.precision import strict

LEAST = 1e-3  # strangeness, so that its logarithm is a number


class OtherRows(nn.Module):
    """The other rows of a classifier, and how strange each is to the study's classes.

    Args:
        weight: of the whole classifier on pooled features, (L + K, C).
        bias: (L + K,).
        own: the study's K rows.
    """

    weight: Tensor
    bias: Tensor
    strangeness: Tensor

    def __init__(self, weight: Tensor, bias: Tensor, own: slice):
        super().__init__()
        others = torch.ones(len(weight), dtype=torch.bool)
        others[own] = False
        self.register_buffer("weight", weight[others])
        self.register_buffer("bias", bias[others])
        self.register_buffer("strangeness", (1 - likeness(weight[own], weight[others])).clamp(min=LEAST))

    def energy(self, features: Tensor) -> Tensor:
        """Free energy of the strange classes, (N,), of features (N, C, h, w): the logarithm of the sum of the logits'
        exponentials, each times its strangeness."""
        with torch.no_grad(), strict(features.device):
            logits = nn.functional.linear(features.mean(dim=(2, 3)), self.weight, self.bias)
            return (logits + self.strangeness.log()).logsumexp(dim=1)


def likeness(own: Tensor, others: Tensor) -> Tensor:
    """How much each of the rows ``others`` (L, C) is like one of ``own`` (K, C), from 0 to 1, (L,).

    Cosines of the rows' differences from the mean of theirs, which is what all of them share; for each of ``own`` as shares of
    the largest, so that each has one row of likeness 1.
    """
    first, second = (nn.functional.normalize(rows - rows.mean(0), dim=1) for rows in (others, own))
    cosines = (first @ second.T).clamp(min=0)
    return (cosines / cosines.amax(dim=0)).amax(dim=1)
