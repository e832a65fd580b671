"""Masks are read by Pillow, get their meaning from masks.toml, and are cut to the same view as the photograph."""

from pathlib import Path

import numpy as np
import pytest
import torchvision
from PIL import Image

from cam.measures.masks import InstanceMask, check_size, read_mask, read_masks

SAMPLES = Path(__file__).resolve().parents[3] / "sample_images"
IMAGENET = torchvision.models.EfficientNet_B0_Weights.IMAGENET1K_V1.meta["categories"]
CALTECH = (SAMPLES.parent / "models" / "studies" / "caltech101-categories.txt").read_text().split()


def folder_with(path: Path, table: str, indices: np.ndarray | None = None, size: tuple[int, int] = (4, 2)) -> Path:
    if indices is None:
        indices = np.array([[0, 1, 1, 255], [0, 2, 2, 0]], dtype=np.uint8)
    Image.fromarray(indices).save(path / "a.png")
    Image.new("RGB", size).save(path / "a.jpg")
    (path / "masks.toml").write_text(table)
    return path


def test_the_samples_are_read_under_both_label_sets():
    imagenet, caltech = read_masks(SAMPLES, IMAGENET), read_masks(SAMPLES, CALTECH)
    assert len(imagenet) == len(caltech) == 17
    guitar = imagenet[SAMPLES / "guitar-and-drums.jpg"]
    assert guitar.kinds() == [(IMAGENET.index("electric guitar"),), (IMAGENET.index("drum"),)]
    assert set(np.unique(guitar.labels(IMAGENET.index("drum"), "square", 224))) <= {0, 2, 3, 4, 255}
    assert caltech[SAMPLES / "meerkats.jpg"].kinds() == []
    for path, mask in imagenet.items():
        with Image.open(path) as photograph:
            check_size(mask, photograph, path.name)


def test_a_view_samples_the_mask_at_its_pixels_centres():
    indices = np.repeat(np.repeat(np.array([[0, 1, 2, 255], [3, 0, 1, 0]], dtype=np.uint8), 3, axis=0), 3, axis=1)
    mask = InstanceMask(indices, {1: (7,), 2: (7, 8), 3: ()})
    np.testing.assert_array_equal(mask.labels(7, "centre", 2), [[1, 2], [0, 1]])
    np.testing.assert_array_equal(mask.labels(8, "square", 4)[[0, 3]], [[0, 0, 2, 255], [0, 0, 0, 0]])
    assert mask.kinds() == [(7,), (7, 8)]


def test_an_object_without_a_row_is_refused(tmp_path):
    folder = folder_with(tmp_path, '[a.instances]\n1 = { mine = ["cat"] }\n')
    with pytest.raises(ValueError, match=r"mask a.png has an object 2 without categories; give it a row in masks.toml"):
        read_masks(folder, ["cat"])


def test_names_of_another_label_set_are_refused(tmp_path):
    folder = folder_with(tmp_path, '[a.instances]\n1 = { mine = ["cat"] }\n2 = { mine = [] }\n')
    with pytest.raises(ValueError, match=r"no label set in masks.toml \(mine\) names categories of this study"):
        read_masks(folder, ["dog"])
    assert read_masks(folder, ["dog", "cat"])[folder / "a.jpg"].classes == {1: (1,), 2: ()}


def test_masks_of_another_size_are_refused(tmp_path):
    folder = folder_with(tmp_path, '[a.instances]\n1 = { mine = ["cat"] }\n2 = { mine = [] }\n', size=(8, 4))
    (path, mask), *_ = read_masks(folder, ["cat"]).items()
    with Image.open(path) as photograph, pytest.raises(ValueError, match="has 4 x 2 pixels, its photograph 8 x 4"):
        check_size(mask, photograph, path.name)


@pytest.mark.parametrize(
    "table", ["", "a = 1", "[a]\nx = 1", "[a.instances]\n1 = 3", "[a.instances]\n1 = { m = 'cat' }", "["]
)
def test_a_table_that_means_nothing_is_refused(tmp_path, table):
    with pytest.raises(ValueError, match=r"masks.toml is (not understood|empty).*\[NAME.instances\]"):
        read_masks(folder_with(tmp_path, table), ["cat"])


def test_missing_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no .*masks.toml; it says which categories"):
        read_masks(tmp_path, ["cat"])
    folder_with(tmp_path, '[a.instances]\n1 = { mine = ["cat"] }\n2 = { mine = [] }\n')
    (tmp_path / "a.jpg").unlink()
    with pytest.raises(FileNotFoundError, match="there is no photograph for the mask"):
        read_masks(tmp_path, ["cat"])
    (tmp_path / "a.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"there is no mask .*a.png"):
        read_masks(tmp_path, ["cat"])


def test_damaged_and_coloured_masks_are_refused(tmp_path):
    Image.new("RGB", (2, 2)).save(tmp_path / "rgb.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "rgb.png").read_bytes()[:40])
    for name in ("rgb", "cut"):
        with pytest.raises(ValueError, match=rf"mask {name}.png cannot be read .*; expected an indexed PNG"):
            read_mask(tmp_path / f"{name}.png")
