"""EfficientNets: how they scale, what their checkpoints hold, what they take in."""

from models.checkpoints import Checkpoint, CheckpointError, load_checkpoint, save_checkpoint
from models.efficientnet import efficientnet
from models.growth import grow
from models.images import ImageError, open_image
from models.network import Network
from models.scaling import FAMILIES, SCALINGS, Family, Scaling, compound_scaling
from models.studies import Study, StudyError, Variant, load_study

__all__ = [
    "FAMILIES",
    "SCALINGS",
    "Checkpoint",
    "CheckpointError",
    "Family",
    "ImageError",
    "Network",
    "Scaling",
    "Study",
    "StudyError",
    "Variant",
    "compound_scaling",
    "efficientnet",
    "grow",
    "load_checkpoint",
    "load_study",
    "open_image",
    "save_checkpoint",
]
