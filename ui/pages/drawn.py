"""What the story shows, computed earlier. Nothing here may import PyTorch."""

import json
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_suffix(".json")
MOST_BYTES = 400_000


@cache
def drawn() -> dict[str, Any]:
    """The maps, photographs, numbers and sentences, read once."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def story_data(links: dict[str, str]) -> dict[str, Any]:
    """All that the component needs.

    Args:
        links: name of a page -> its address.
    """
    return {**drawn(), "links": links}
