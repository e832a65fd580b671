"""python -m cam evaluate on photographs with masks, boxes or COCO's JSON, and on masks that cannot be used."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cam.commands.evaluating import evaluate


def test_masks_give_all_scores_and_the_same_file_twice(study, masked, tmp_path):
    report = evaluate(study, masked, tmp_path / "r.json")
    names = {"energy", "auroc", "average-precision", "boundary", "concentration", "instance-recall"}
    assert {one.measurement for one in report.findings} == names
    assert "2 outlines and 0 boxes" in report.about.masks
    evaluate(study, masked, tmp_path / "again.json")
    assert (tmp_path / "r.json").read_bytes() == (tmp_path / "again.json").read_bytes()


def test_boxes_of_half_of_the_photographs_are_said_and_measured(study, tree, tmp_path, capsys):
    boxes = tmp_path / "boxes"
    boxes.mkdir()
    for category in ("ant", "bee"):
        (boxes / f"{category}.csv").write_text("".join(f"{row}.png,5,5,30,30\n" for row in range(5)))
    report = evaluate(study, tree, tmp_path / "r.json", "--masks", str(boxes), "--mosaics", "0", "--draws", "0")
    assert "10 of 20 photographs have no mask" in capsys.readouterr().err
    assert report.finding("auroc").images == 10
    assert report.finding("boundary") is None  # a box does not give an outline
    assert report.about.masks == "Objects: 0 outlines and 10 boxes, from boxes."


def test_coco_names_the_photographs_of_a_plain_folder(study, masked, tmp_path):
    images = [{"id": row, "file_name": f"{name}.jpg", "width": 50, "height": 40} for row, name in enumerate("ab")]
    square = {"category_id": 1, "segmentation": [[5, 5, 30, 5, 30, 25]]}
    document = {
        "images": images,
        "annotations": [square | {"image_id": row} for row in range(2)],
        "categories": [{"id": 1, "name": "Dog"}],
    }
    (tmp_path / "coco.json").write_text(json.dumps(document))
    plain = Path(shutil.copytree(masked, tmp_path / "plain"))
    (plain / "masks.toml").unlink()
    report = evaluate(study, plain, tmp_path / "r.json", "--masks", str(tmp_path / "coco.json"), "--draws", "0")
    assert report.photographs == ["a.jpg", "b.jpg"] or report.photographs == ["b.jpg", "a.jpg"]
    assert report.finding("boundary").images == 2
    assert report.finding("boundary").classes == 1


@pytest.mark.parametrize(
    ("useless", "words"),
    [
        (
            1,
            "the mask of ant/0.png shows nothing but object or nothing but background, so this photograph has no scores",
        ),
        (
            2,
            "2 masks, such as that of ant/0.png, show nothing but object or nothing but background, so their photographs",
        ),
    ],
)
def test_masks_that_show_nothing_but_object_are_said(study, tree, tmp_path, capsys, useless, words):
    (tmp_path / "png" / "ant").mkdir(parents=True)
    for row in range(useless + 1):
        mask = np.ones((40, 50), dtype=np.uint8)
        mask[:, : 20 * (row == useless)] = 0
        Image.fromarray(mask).save(tmp_path / "png" / "ant" / f"{row}.png")
    options = ("--masks", str(tmp_path / "png"), "--mosaics", "0", "--draws", "0")
    report = evaluate(study, tree, tmp_path / "r.json", *options)
    assert report.finding("auroc").images == 1
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("change", [{"iscrowd": 1}, {"image_id": 9}, {"segmentation": [[60, 50, 90, 50, 90, 70]]}])
def test_coco_without_an_object_on_the_photographs_is_one_sentence(study, masked, tmp_path, change):
    """Crowds only, no annotation, or outlines beside the picture."""
    outline = {"image_id": 0, "category_id": 1, "segmentation": [[5, 5, 30, 5, 30, 25]]} | change
    document = {
        "images": [{"id": 0, "file_name": "a.jpg", "width": 50, "height": 40}],
        "annotations": [outline],
        "categories": [{"id": 1, "name": "dog"}],
    }
    plain = Path(shutil.copytree(masked, tmp_path / "plain"))
    (plain / "masks.toml").unlink()
    options = []
    for name, words in (("a", "a.json outlines"), ("b", "a.json and b.json outline")):
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
        options += ["--masks", str(tmp_path / f"{name}.json")]
        with pytest.raises(
            ValueError, match=f"^{words} no object of this study's classes on a file of plain; file names"
        ):
            evaluate(study, plain, tmp_path / "r.json", *options)
