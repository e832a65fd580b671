"""A few photographs in memory: each is measured on pixels of its own."""

from pathlib import Path

import pytest
from PIL import Image

from cam.evaluation.in_memory import evaluate_few
from cam.evaluation.scoring import Scored
from tests.cam.evaluation.made_up import made_up_arms


def test_photographs_of_one_name_are_refused():
    """Pictures and groups are found by name, so both would be measured on the same pixels."""
    same = [Scored("image.jpg", Path("image.jpg"), ((label,),)) for label in (0, 1)]
    with pytest.raises(ValueError, match="2 photographs are called 'image.jpg'; give each a name of its own"):
        evaluate_few(same, [Image.new("RGB", (8, 8))] * 2, made_up_arms())
