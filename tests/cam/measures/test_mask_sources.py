"""Boxes, Caltech-101's outlines, PNGs and COCO's JSON become the same masks; errors in them are one sentence."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco
from scipy.io import savemat

from cam.measures.coco import read_coco
from cam.measures.mask_sources import known_masks

CATEGORIES = ["ant", "Faces", "zebra"]


@pytest.fixture
def photographs(tmp_path) -> dict[str, tuple[Path, int]]:
    """Two photographs of 50 x 40 pixels: of an ant and of a face."""
    found = {}
    for name, class_idx in (("ant/image_0001.jpg", 0), ("Faces/image_0002.jpg", 1)):
        path = tmp_path / "photographs" / name
        path.parent.mkdir(parents=True)
        Image.new("RGB", (50, 40)).save(path)
        found[name] = (path, class_idx)
    return found


def test_boxes_of_a_folder_and_of_one_file(photographs, tmp_path):
    folder = tmp_path / "boxes"
    folder.mkdir()
    (folder / "ant.csv").write_text(
        "image_0001.jpg,10,5,30,25,ant\nimage_0001.jpg,32,5,52,25,ant\nimage_0009.jpg,1,1,9,9\n"
    )
    found = known_masks(folder, photographs, CATEGORIES)
    mask = found["ant/image_0001.jpg"]
    assert list(found) == ["ant/image_0001.jpg"]
    assert not mask.outline
    assert mask.classes == {1: (0,), 2: (0,)}
    assert [int((mask.indices == number).sum()) for number in (1, 2)] == [
        400,
        18 * 20,
    ]  # the second extends a little beyond the image
    assert mask.indices[5:25, 10:30].min() == mask.indices[5:25, 10:30].max() == 1
    (tmp_path / "all.csv").write_text("name,left,upper,right,lower\nFaces/image_0002.jpg,0,0,50,20\n")
    assert known_masks(tmp_path / "all.csv", photographs, CATEGORIES)["Faces/image_0002.jpg"].indices.sum() == 1000


def caltech(folder: Path, points: list[list[float]], box: list[int]) -> Path:
    """Outlines in the folders of ``torchvision.datasets.Caltech101``."""
    (folder / "Annotations" / "Faces_2").mkdir(parents=True)
    content = {"obj_contour": np.array(points, dtype=float), "box_coord": np.array([box], dtype=np.uint16)}
    savemat(folder / "Annotations" / "Faces_2" / "annotation_0002.mat", content)
    return folder / "Annotations"


def test_caltechs_outlines_lie_where_its_own_script_draws_them(photographs, tmp_path):
    """``box_coord`` is upper, lower, left, right; the outline is relative to the box's upper left corner."""
    where = caltech(tmp_path, [[0, 20, 20, 0], [0, 0, 10, 10]], [5, 15, 12, 32])
    (name, mask) = next(iter(known_masks(where, photographs, CATEGORIES).items()))
    assert name == "Faces/image_0002.jpg"
    rows, columns = np.nonzero(mask.indices)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (5, 15, 12, 32)
    assert mask.outline
    assert mask.classes == {1: (1,)}


def test_pngs_beside_each_other_as_photographs_are(photographs, tmp_path):
    (tmp_path / "png" / "ant").mkdir(parents=True)
    Image.fromarray(np.eye(40, 50, dtype=np.uint8)).save(tmp_path / "png" / "ant" / "image_0001.png")
    found = known_masks(tmp_path / "png", photographs, CATEGORIES)
    assert found["ant/image_0001.jpg"].indices.sum() == 40


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("image_0001.jpg,10,5,10,25", "a box of ant/image_0001.jpg is empty"),
        ("image_0001.jpg,300,5,340,25", "lies outside its picture of 50 x 40 pixels"),
        ("image_0001.jpg,0,0,9,9\nimage_0001.jpg,a,b,c,d", "line 2: .* is not a box"),
        ("image_0001.jpg,0,0,9,9\nimage_0001.jpg,1,2", "line 2: .* is not a box"),
        ("image_0001.jpg,0,0,9,nan", "line 1: .* is not a box"),
        ("image_0001.jpg,0;0;9;9", "line 1: .* is not a box"),
        ("image_0001.jpg,10.4,5,10.45,25", "is narrower than a pixel"),
        ("file,x0,y0,x1,y1\nother.jpg,0,0,9,9", "has no mask of any of the 2 photographs"),
    ],
)
def test_bad_boxes_are_one_sentence(photographs, tmp_path, rows, words):
    (tmp_path / "ant.csv").write_text(rows)
    with pytest.raises(ValueError, match=words) as caught:
        known_masks(tmp_path / "ant.csv", photographs, CATEGORIES)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("points", "box", "words"),
    [
        ([[0, 20], [0, 0]], [5, 15, 12, 32], "is empty"),
        ([[0, 10, 20], [0, 10, 20]], [5, 25, 12, 32], "encloses nothing"),
        ([[0, 20, 20, 0], [0, 0, 10, 10]], [5, 15, 300, 320], "lies outside its picture"),
        ([[0, 20, np.nan], [0, 0, 10]], [5, 15, 12, 32], "cannot be read"),
    ],
)
def test_bad_outlines_are_one_sentence(photographs, tmp_path, points, box, words):
    with pytest.raises(ValueError, match=words):
        known_masks(caltech(tmp_path, points, box), photographs, CATEGORIES)


def test_paths_without_masks_are_one_sentence(photographs, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no masks"):
        known_masks(tmp_path / "empty", photographs, CATEGORIES)
    with pytest.raises(FileNotFoundError, match="there are no masks at"):
        known_masks(tmp_path / "none", photographs, CATEGORIES)
    (tmp_path / "png" / "ant").mkdir(parents=True)
    Image.fromarray(np.zeros((40, 50), dtype=np.uint8)).save(tmp_path / "png" / "ant" / "image_0001.png")
    with pytest.raises(ValueError, match="the mask of ant/image_0001.jpg is empty"):
        known_masks(tmp_path / "png", photographs, CATEGORIES)
    caltech(tmp_path, [[0, 1, 1], [0, 0, 1]], [0, 1, 0, 1])
    (tmp_path / "Annotations" / "Faces_2" / "annotation_0002.mat").write_bytes(b"no MATLAB")
    with pytest.raises(ValueError, match="cannot be read"):
        known_masks(tmp_path / "Annotations", photographs, CATEGORIES)


def document(annotations: list[dict], name: str = "zebra") -> dict:
    image = {"id": 7, "file_name": "a.jpg", "width": 50, "height": 40}
    return {
        "images": [image],
        "annotations": annotations,
        "categories": [{"id": 3, "name": name}, {"id": 4, "name": "person"}],
    }


def test_coco_instances_polygons_run_lengths_and_crowds(tmp_path):
    square = [[10, 5, 30, 5, 30, 25, 10, 25]]
    region = np.zeros((40, 50), dtype=np.uint8, order="F")
    region[30:, 40:] = 1
    counts = coco.encode(region)["counts"].decode()
    annotations = [
        {"image_id": 7, "category_id": 3, "segmentation": square, "iscrowd": 0},
        {"image_id": 7, "category_id": 4, "segmentation": square, "iscrowd": 0},
        {"image_id": 7, "category_id": 3, "segmentation": {"size": [40, 50], "counts": counts}, "iscrowd": 0},
        {"image_id": 7, "category_id": 3, "segmentation": {"size": [40, 50], "counts": [0, 40, 1960]}, "iscrowd": 1},
    ]
    (tmp_path / "instances.json").write_text(json.dumps(document(annotations)))
    mask = read_coco(tmp_path / "instances.json", CATEGORIES)["a.jpg"]
    assert mask.classes == {1: (2,), 2: (2,)}
    assert [int((mask.indices == number).sum()) for number in (1, 2, 255)] == [400, 100, 40]


def test_coco_panoptic_is_read_from_its_pngs(tmp_path):
    colours = np.zeros((40, 50, 3), dtype=np.uint8)
    colours[:10] = (1, 2, 0)  # segment 513
    (tmp_path / "panoptic").mkdir()
    Image.fromarray(colours).save(tmp_path / "panoptic" / "a.png")
    segments = [{"id": 513, "category_id": 3, "iscrowd": 0}]
    annotations = [{"image_id": 7, "file_name": "a.png", "segments_info": segments}]
    (tmp_path / "panoptic.json").write_text(json.dumps(document(annotations)))
    mask = read_coco(tmp_path / "panoptic.json", CATEGORIES)["a.jpg"]
    assert (mask.indices[:10] == 1).all()
    assert mask.indices.sum() == 500
    Image.new("RGB", (20, 20)).save(tmp_path / "panoptic" / "a.png")
    with pytest.raises(ValueError, match="20 x 20 pixels"):
        read_coco(tmp_path / "panoptic.json", CATEGORIES)


def test_cocos_categories_are_imagenets_by_the_table(tmp_path):
    square = [{"image_id": 7, "category_id": 3, "segmentation": [[10, 5, 30, 5, 30, 25, 10, 25]]}]
    (tmp_path / "c.json").write_text(json.dumps(document(square, "elephant")))
    imagenet = ["tusker", "African elephant", "Indian elephant"]
    assert read_coco(tmp_path / "c.json", imagenet)["a.jpg"].classes == {1: (1, 2, 0)}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (json.dumps(document([]))[:60], "cannot be read"),
        ("[]", "cannot be read"),
        (json.dumps(document([], "yak")), "no category of c.json .* is a class of this study"),
        (
            json.dumps(
                document([{"image_id": 7, "category_id": 3, "segmentation": {"size": [4, 5], "counts": [0, 20]}}])
            ),
            "an outline of 'a.jpg' cannot be read .it has 5 x 4 pixels, the photograph 50 x 40",
        ),
        (
            json.dumps(document([{"image_id": 7, "category_id": 3, "segmentation": "??"}])),
            "an outline of 'a.jpg' cannot be",
        ),
        (
            json.dumps(document([{"image_id": 7, "category_id": 3, "segmentation": [[1, 1, 9, 1, 9, 9, 5]]}])),
            "an outline of 'a.jpg' cannot be read .a point has one coordinate",
        ),
        (
            json.dumps(
                document([{"image_id": 7, "category_id": 3, "segmentation": {"size": [40, 50], "counts": [9, 9]}}])
            ),
            "an outline of 'a.jpg' cannot be read .its runs hold 18 pixels, the photograph 2000",
        ),
    ],
)
def test_bad_coco_files_are_one_sentence(tmp_path, content, words):
    (tmp_path / "c.json").write_text(content)
    with pytest.raises(ValueError, match=words) as caught:
        read_coco(tmp_path / "c.json", CATEGORIES)
    assert "\n" not in str(caught.value)
