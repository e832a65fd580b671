"""The sample photographs are small, documented and consistent with their masks."""

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "sample_images"
PHOTOGRAPHS = sorted(FOLDER.glob("*.jpg"))
MASKS = sorted(FOLDER.glob("*.png"))
TABLE = tomllib.loads((FOLDER / "masks.toml").read_text(encoding="utf-8"))
CALTECH101 = ROOT / "models" / "studies" / "caltech101-categories.txt"
BACKGROUND, IGNORE = 0, 255


def rows_of_readme() -> dict[str, list[str]]:
    """File name -> cells of its row in README's table: file, shows, source, author, licence."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+\.jpg)` \|(.*)\|$", text, flags=re.MULTILINE)
    return {name: [cell.strip() for cell in rest.split(" | ")] for name, rest in rows}


def categories_of_masks(label_set: str) -> set[str]:
    return {name for photo in TABLE.values() for row in photo["instances"].values() for name in row[label_set]}


def test_every_photograph_has_a_source_an_author_and_a_licence():
    rows = rows_of_readme()
    assert sorted(rows) == [path.name for path in PHOTOGRAPHS]
    for name, (shows, source, author, licence) in rows.items():
        assert shows, name
        assert author, name
        assert source.startswith(("PyPI `", "npm `", "Debian `")), name
        assert re.fullmatch(r"\[CC(0| BY| BY-SA) \d\.\d\]\(https://creativecommons\.org/\S+/\)", licence), name


def test_there_are_enough_photographs_with_several_objects():
    assert len(PHOTOGRAPHS) >= 12
    assert sum(len(photo["instances"]) > 1 for photo in TABLE.values()) >= 4


@pytest.mark.parametrize("path", PHOTOGRAPHS, ids=lambda path: path.stem)
def test_photograph_is_small_plain_rgb_without_metadata(path):
    assert path.stat().st_size <= 300_000
    with Image.open(path) as image:
        image.load()
        assert (image.format, image.mode) == ("JPEG", "RGB")
        assert max(image.size) <= 640
        assert not image.getexif()


def test_every_mask_has_a_photograph_and_a_table():
    assert [path.stem for path in MASKS] == sorted(TABLE)
    assert {path.stem for path in MASKS} <= {path.stem for path in PHOTOGRAPHS}


@pytest.mark.parametrize("path", MASKS, ids=lambda path: path.stem)
def test_mask_fits_its_photograph_and_its_table(path):
    with Image.open(path) as mask, Image.open(path.with_suffix(".jpg")) as photograph:
        assert mask.mode == "P"
        assert mask.size == photograph.size
        indices = set(np.unique(np.asarray(mask)).tolist()) - {BACKGROUND, IGNORE}
    instances = TABLE[path.stem]["instances"]
    assert indices == {int(index) for index in instances}
    assert indices == set(range(1, len(indices) + 1))
    for row in instances.values():
        assert set(row) == {"imagenet", "caltech101"}
        assert row["imagenet"] or row["caltech101"]


def test_imagenet_names_are_those_of_torchvision():
    from torchvision.models._meta import _IMAGENET_CATEGORIES

    assert categories_of_masks("imagenet") <= set(_IMAGENET_CATEGORIES)


@pytest.mark.skipif(not CALTECH101.exists(), reason="the list of Caltech-101 categories is not there")
def test_caltech101_names_are_those_of_the_study():
    assert categories_of_masks("caltech101") <= set(CALTECH101.read_text(encoding="utf-8").split("\n"))
