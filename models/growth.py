"""Grow a network in depth and width: exactly, for teaching, or with nothing dead in it, for training."""

from torch import Tensor
from torchvision.models.efficientnet import EfficientNet

from models.classifier import only_linear_layer
from models.exact_growth import grow_exactly
from models.refit import grow_alive
from models.scaling import Scaling


def grow(network: EfficientNet, scaling: Scaling, photographs: Tensor | None = None, seed: int = 0) -> EfficientNet:
    """A wider, deeper network that starts from what ``network`` knows.

    Without photographs it computes exactly the same function: added blocks add nothing and added channels are copies (see
    ``exact_growth``). With photographs it computes nearly the same function, and every block and channel carries a part
    of it (see ``refit``): that is what a training should start from.

    Args:
        network: an EfficientNet of any family, as ``efficientnet`` builds them; not changed.
        scaling: of the grown network; no stage may have fewer channels or layers than the source's.
        photographs: the network's input of varied photographs, float32 (N, 3, r, r), without labels.
        seed: of everything random.

    Raises:
        ValueError: the scaling is narrower or shallower than the source somewhere, the source's classifier has several
            linear layers, or the photographs are too few.
    """
    only_linear_layer(network.classifier)
    if photographs is None:
        return grow_exactly(network, scaling, seed)
    return grow_alive(network, scaling, photographs, seed)
