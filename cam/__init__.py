"""Class activation maps: compute, compare, measure, draw, export."""

from cam.comparing import compare
from cam.comparison import Comparison
from cam.methods import METHODS
from models.images import open_image

__all__ = ["METHODS", "Comparison", "compare", "open_image"]
