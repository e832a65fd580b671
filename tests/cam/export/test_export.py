"""python -m cam export: every photograph is exported once, whatever happens on the way.

The same tests with larger numbers are marked slow: pytest -m slow tests/cam/export/test_export.py
"""

import io
import json
import os
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from cam import compare
from cam.export.keys import Settings, setting_key
from cam.export.rendering import outputs
from cam.figures.display import Display
from models import Scaling, open_image
from models.out_of_class import ScoreScale
from tests.cam.export.exporting import BROKEN, LITE, break_in_twenty_ways, contents, export, records, run, table

# ------------------------------------------------------------------------------------------------- what an export holds


@pytest.fixture(scope="module")
def exported(tmp_path_factory, samples):
    """A real export by the command, with all outputs: five samples with masks, in a folder with twenty broken images."""
    folder = tmp_path_factory.mktemp("export")
    photographs = folder / "photographs"
    photographs.mkdir()
    for name in ("cat", "meerkats", "spaniels", "crab", "red-panda"):
        for suffix in (".jpg", ".png"):
            os.link(samples / f"{name}{suffix}", photographs / f"{name}{suffix}")
    break_in_twenty_ways(samples, photographs)
    words = [photographs, "--out", folder / "out", *LITE, "--variants", "lite0,lite2"]
    result = run(*words, "--write", "figure,panels,overlays,maps", "--dpi", "100")
    return folder / "out", result, words


def test_broken_images_are_named_and_the_others_done(exported):
    out, result, _ = exported
    assert result.returncode == 3
    assert "20 images failed, each with its reason in" in result.stderr
    assert "Traceback" not in result.stderr
    failed = {row["image"]: row["reason"] for row in table(out) if row["status"] == "failed"}
    assert len(failed) == len(BROKEN)
    assert all(name in reason and len(reason) > len(name) + 10 for name, reason in failed.items())
    assert "megapixels" in failed["bomb.png"]
    assert sum(row["status"] == "ok" for row in table(out)) == 5 * 2


def test_progress_is_lines_of_json_where_there_is_no_terminal(exported):
    told = [json.loads(line) for line in exported[1].stdout.splitlines()]
    assert told[-1]["total"] == 25
    assert (told[-1]["done"], told[-1]["failed"], told[-1]["eta_seconds"]) == (5, 20, 0)


def test_every_kind_of_file_is_there_and_none_is_half(exported):
    out, *_ = exported
    names = contents(out)
    assert [sum(name.startswith(kind) for name in names) for kind in ("figures/", "panels/", "overlays/", "maps/")] == [
        5,
        15,
        10,
        5,
    ]
    assert {"index.html", "predictions.csv", "predictions.parquet", "contact-sheet.jpg"} <= set(names)
    assert not list(out.rglob("*.partial"))
    for path in [*out.rglob("*.png"), *out.rglob("*.jpg")]:
        with Image.open(path) as picture:
            picture.load()


def test_figures_and_maps_are_those_of_compare(exported, lite, samples):
    out, *_ = exported
    torch.set_num_threads(1)
    networks = {"lite0": lite["baseline"], "lite2": lite["compound"]}
    one = compare(networks, [samples / "cat.jpg"])
    with np.load(next((out / "maps").glob("cat-*.npz"))) as maps:
        for key in networks:
            np.testing.assert_allclose(maps[key], one.maps[key][0], atol=1e-3)
            np.testing.assert_allclose(maps[f"centres/{key}"], networks[key].cell_centres())


def test_an_overlay_laid_over_the_original_is_the_panel(exported):
    out, *_ = exported
    folder = next((out / "panels").glob("spaniels-*"))
    original = Image.open(folder / "original.png").convert("RGBA")
    layer = Image.open(out / "overlays" / folder.name / "lite2.png")
    laid = Image.alpha_composite(original, layer).convert("RGB")
    assert np.abs(np.asarray(laid, int) - np.asarray(Image.open(folder / "lite2.png"), int)).max() <= 2


def test_both_tables_say_the_same_and_masks_are_scored(exported):
    out, *_ = exported
    rows, parquet = table(out), pq.read_table(out / "predictions.parquet").to_pylist()
    assert [row["image"] for row in rows] == [row["image"] for row in parquet]
    for one, other in zip(rows, parquet, strict=True):
        assert all(str("" if other[name] is None else other[name]) == one[name] for name in one)
    meerkats = next(row for row in parquet if row["image"] == "meerkats.jpg")
    assert meerkats["explained"] == meerkats["class_1"] == "meerkat"
    assert 0.3 < meerkats["energy"] < 1
    assert meerkats["energy_ratio"] > 1
    assert meerkats["instance_recall"] is not None
    assert [row["correlation"] for row in parquet if row["variant"] == "lite0"] == [1.0] * 5


def test_the_gallery_holds_every_image_and_every_reason(exported):
    page = (exported[0] / "index.html").read_text()
    rows = json.loads(page.split('id="rows">')[1].split("</script>")[0])
    assert len(rows) == 25
    assert sum(len(row) == 4 for row in rows) == 20
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page


def test_a_second_run_does_nothing_and_a_third_mends(exported, threads):
    out, _, words = exported
    words = [*words, "--write", "figure,panels,overlays,maps", "--dpi", "100"]
    before, count = contents(out), len(records(out))
    assert export(*words) == 3
    assert len(records(out)) == count
    assert contents(out) == before
    gone, changed = next((out / "figures").glob("cat-*")), next((out / "maps").glob("crab-*"))
    gone.unlink()
    changed.write_bytes(bytes([changed.read_bytes()[0] ^ 1]) + changed.read_bytes()[1:])
    assert export(*words) == 3
    assert len(records(out)) == count + 1
    assert export(*words, "--verify") == 3
    assert len(records(out)) == count + 2
    assert contents(out) == before
    assert export(*words, "--retry-failed") == 3
    assert len(records(out)) == count + 2 + len(BROKEN)


def test_display_choices_reach_every_file_and_the_key(lite, samples):
    one = compare({key: lite[key] for key in ("baseline", "compound")}, [open_image(samples / "cat.jpg")])
    usual = Settings(write=("figure", "panels", "overlays", "maps"))
    chosen = replace(usual, display=Display(colours="viridis", contour=0.5, difference="baseline"))
    assert setting_key(usual, lite) != setting_key(chosen, lite)
    before, after = (dict(outputs(one, "cat", settings)) for settings in (usual, chosen))
    same = {name for name in before if before[name] == after[name]}
    assert same == {"maps/cat.npz", "panels/cat/original.png"}
    layer = np.asarray(Image.open(io.BytesIO(after["overlays/cat/compound.png"])))
    assert layer[..., 3].max() == pytest.approx(0.7 * 255, abs=1)
    assert np.asarray(Image.open(io.BytesIO(after["overlays/cat/baseline.png"])))[..., 3].max() == 0


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("score_scale", ScoreScale("energy", 8.0, 2.0, 10.0)),
        ("categories", [f"number {index}" for index in range(1000)]),
        ("scaling", Scaling(1.0, 1.01, 224)),
    ],
)
def test_what_a_figure_says_of_a_network_reaches_the_key(name, other, lite, samples, monkeypatch):
    """A manifest may change its threshold, its classes' names or its multipliers while the weights stay the same."""
    network, settings = lite["baseline"], Settings()

    def figure_and_key():
        one = compare({"baseline": network}, [open_image(samples / "cat.jpg")])
        return dict(outputs(one, "cat", settings))["figures/cat.png"], setting_key(settings, {"baseline": network})

    before = figure_and_key()
    monkeypatch.setattr(network, name, other)
    after = figure_and_key()
    assert before[0] != after[0]
    assert before[1] != after[1]


@pytest.mark.parametrize("kind", ["png", "webp", "pdf", "svg"])
def test_every_format_is_the_same_twice_and_may_be_transparent(kind, lite, samples):
    one = compare({"baseline": lite["baseline"]}, [open_image(samples / "cat.jpg")])
    settings = Settings(format=kind, transparent=True, width=237.6)
    first, second = (dict(outputs(one, "cat", settings)) for _ in range(2))
    assert first == second
    figure = first[f"figures/cat.{kind}"]
    if kind in ("png", "webp"):
        picture = Image.open(io.BytesIO(figure))
        assert picture.mode == "RGBA"
        assert picture.getpixel((0, 0))[3] == 0
    if kind == "pdf":
        assert b"/FontFile2" in figure
        assert b"/Type3" not in figure
