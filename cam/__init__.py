"""Class activation maps: compute, compare, measure, draw, export.

maps/          from features to raw maps: methods, layers, targets, cells
measures/      numbers that say something about maps
figures/       originals and maps side by side: layout, pixels, vectors
question.py    method, class, view, layer and mirror image, validated once
evidence.py    what maps of other classes and methods are computed from
inputs.py      networks and pictures of many kinds, as compare accepts them
showing.py     a comparison in words, in pictures, in a notebook
saved.py       saved comparisons from untrusted files, checked
comparison.py  raw maps of several networks on the same images
compare.py     networks and images -> a comparison
paper/         what the paper printed, to show and to compare with
evaluation/    many photographs -> a report with intervals and verdicts
export/        many photographs -> a folder of figures; resumes
commands/      python -m cam compare | render | export | evaluate | bench
"""

import models.starting  # noqa: F401  # first
from cam.compare import compare
from cam.comparison import Comparison
from cam.maps.methods import METHODS
from models.images import open_image

__all__ = ["METHODS", "Comparison", "compare", "open_image"]
