"""What logits mean: exclusive classes share a probability of 1 (softmax), independent classes have one each (sigmoid).

A network with one output can only use a sigmoid: a softmax of one logit is always 1. Plain numbers, no torch.
"""

import numpy as np
from scipy.special import expit, softmax

SOFTMAX, SIGMOID = OUTPUTS = ("softmax", "sigmoid")


def agreed_outputs(given: str | None, classes: int) -> str:
    """How the logits of this many classes are read: as given, else a single one as a sigmoid and several as a softmax.

    Raises:
        ValueError: ``given`` is not one of ``OUTPUTS``, or is a softmax of one output.
    """
    if given is None:
        return SIGMOID if classes == 1 else SOFTMAX
    if given not in OUTPUTS:
        raise ValueError(f"outputs = {given!r} is not understood; choose from {', '.join(OUTPUTS)}")
    if given == SOFTMAX and classes == 1:
        raise ValueError("outputs = 'softmax' of one class, whose probability would always be 1; expected 'sigmoid'")
    return given


def probabilities(logits: np.ndarray, outputs: str = SOFTMAX) -> np.ndarray:
    """Probabilities from logits (..., K): a softmax sums to 1 along the last axis, a sigmoid takes each logit by itself."""
    return expit(logits) if outputs == SIGMOID else softmax(logits, axis=-1)
