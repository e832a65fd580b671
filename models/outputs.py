"""What logits mean: classes of which one is shown share a probability (softmax), others have one each (sigmoid).

A network of one output can only be a sigmoid: a softmax of one logit is always 1. Plain numbers, no torch.
"""

import numpy as np

SOFTMAX, SIGMOID = OUTPUTS = ("softmax", "sigmoid")


def agreed_outputs(given: str | None, classes: int) -> str:
    """How the logits of so many classes are read: as given, else one alone as a sigmoid and several as a softmax.

    Raises:
        ValueError: it is neither, or a softmax of one output.
    """
    if given is None:
        return SIGMOID if classes == 1 else SOFTMAX
    if given not in OUTPUTS:
        raise ValueError(f"outputs = {given!r} is not understood; choose from {', '.join(OUTPUTS)}")
    if given == SOFTMAX and classes == 1:
        raise ValueError("outputs = 'softmax' of one class, whose probability would always be 1; expected 'sigmoid'")
    return given


def probabilities(logits: np.ndarray, outputs: str = SOFTMAX) -> np.ndarray:
    """Of logits (..., K): along the last axis they sum to 1 in a softmax, and stand for themselves in a sigmoid."""
    if outputs == SIGMOID:
        return (1 + np.tanh(logits / 2)) / 2
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)
