"""EfficientNets: how they scale, what their checkpoints hold, what they take in."""

from models.efficientnet import efficientnet
from models.growth import grow
from models.scaling import FAMILIES, SCALINGS, Family, Scaling, compound_scaling

__all__ = ["FAMILIES", "SCALINGS", "Family", "Scaling", "compound_scaling", "efficientnet", "grow"]
