"""python -m cam export: everything that goes in comes out, once, whatever happens on the way.

Larger numbers of the same tests are marked slow: pytest -m slow tests/cam/export/test_export.py
"""

import csv
import errno
import hashlib
import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image, ImageOps

from cam import compare
from cam.__main__ import main
from cam.export import pipeline, reading
from cam.export.keys import Settings
from cam.export.ledger import FOLDER
from cam.export.rendering import outputs
from models import open_image
from models.network import Network
from models.views import Views

ROOT = Path(__file__).parents[3]
LITE = ("--study", "lite", "--device", "cpu")
CPU = (*LITE, "--variants", "lite0")
slow = pytest.mark.slow


def make_photographs(samples, folder, count):
    """Different small photographs made from the samples: turned, mirrored; with a space and an accent in their names."""
    pictures = [Image.open(path).convert("RGB") for path in sorted(samples.glob("*.jpg"))]
    folder.mkdir(parents=True)
    for number in range(count):
        picture, turn = pictures[number % len(pictures)], number // len(pictures)
        picture = picture.rotate(7 * turn, expand=True) if turn % 2 else ImageOps.mirror(picture).rotate(3 * turn)
        picture.thumbnail((320, 320))
        picture.save(folder / f"photo {number:05}-é.jpg", quality=85)
    return folder


def command(*words):
    return [sys.executable, "-m", "cam", "export", *map(str, words)]


def environment(**more):
    return {**os.environ, "OMP_NUM_THREADS": "1", **{name: str(value) for name, value in more.items()}}


def run(*words, **more):
    """A real export in a process of its own; ``more`` goes into its environment."""
    return subprocess.run(
        command(*words), cwd=ROOT, env=environment(**more), capture_output=True, text=True, timeout=3000, check=False
    )


def export(*words):
    """An export in this process; its exit code."""
    return main(["export", *map(str, words)])


def contents(out):
    """Every file but ledgers and lock, and the sha256 of its bytes."""
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.parent.name != FOLDER and path.name != ".lock"
    }


def records(out):
    """Of all ledgers, whole lines only."""
    text = "".join(path.read_text() for path in sorted((out / FOLDER).glob("*.jsonl")))
    return [json.loads(line) for line in text.splitlines() if line.endswith("}") and line.startswith('{"path"')]


def table(out):
    with open(out / "predictions.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def threads(monkeypatch):
    """Render in threads of this process, so that errors can be injected and nothing has to start."""

    @contextmanager
    def pool(workers):
        with ThreadPoolExecutor(workers) as made:
            yield made

    monkeypatch.setattr(pipeline, "rendering_processes", pool)


@pytest.fixture(autouse=True)
def torch_settings():
    """An export sets them for its whole process, which here is everybody's."""
    before = torch.get_num_threads(), torch.backends.cudnn.deterministic
    yield
    torch.set_num_threads(before[0])
    torch.backends.cudnn.deterministic = before[1]


BROKEN = {  # twenty ways
    "empty": b"",
    "one byte": b"\xff",
    "text": b"hello",
    "html": b"<html></html>",
    "zeros": bytes(4000),
    "jpeg start": b"\xff\xd8\xff\xe0",
    "png start": b"\x89PNG\r\n\x1a\n",
    "gif start": b"GIF89a",
    "bmp start": b"BM",
    "webp start": b"RIFF\x00\x00\x00\x00WEBP",
    "tiff start": b"II*\x00\x08\x00\x00\x00",
    "avif start": b"\x00\x00\x00\x1cftypavif",
    "pdf": b"%PDF-1.7\n",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "zip": b"PK\x03\x04" + bytes(60),
    "psd": b"8BPS\x00\x01" + bytes(60),
    "ico": b"\x00\x00\x01\x00" + bytes(40),
    "xml": b"<?xml version='1.0'?>",
    "half": None,
    "bomb": None,
}


def break_in_twenty_ways(samples, folder):
    whole = (samples / "cat.jpg").read_bytes()
    for name, content in BROKEN.items():
        content = whole[: len(whole) // 3] if name == "half" else content
        if name == "bomb":
            Image.new("1", (20_000, 20_000)).save(folder / "bomb.png")
        else:
            (folder / f"{name}.jpg").write_bytes(content)


# ------------------------------------------------------------------------------------------------- what an export holds


@pytest.fixture(scope="module")
def exported(tmp_path_factory, samples):
    """A real export by the command: five samples with masks in a folder with twenty broken images; everything is written."""
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


# ------------------------------------------------------------------------------------------------------- what interrupts


def children(pid):
    """Processes that a process started."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def start(*words, **more):
    return subprocess.Popen(
        command(*words), cwd=ROOT, env=environment(**more), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def fork(*words):
    """The same without the seconds that imports take: a copy of this process."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = export(*words)
        finally:
            os._exit(code)
    return pid


def count_of(out):
    return len(records(out)) if out.exists() else 0


def wait_for(out, count, ended):
    """Until so many records are written or the export has ended."""
    while count_of(out) < count and not ended():
        time.sleep(0.005)


def signalled(out, words, number, after):
    """Start an export, send a signal once ``after`` more records are written; its code, and what it said."""
    already = count_of(out)
    with start(*words) as process:
        wait_for(out, already + after, lambda: process.poll() is not None)
        workers = children(process.pid)
        process.send_signal(number)
        said = process.stderr.read()
        code = process.wait(60)
    for _ in range(100):
        if not any(map(alive, workers)):
            break
        time.sleep(0.1)
    assert not any(map(alive, workers)), "rendering processes outlive the one that started them"
    return code, said


def killed(out, words, after):
    """As ``signalled``, in a copy of this process."""
    already, ended = count_of(out), []
    pid = fork(*words)
    wait_for(out, already + after, lambda: ended.append(os.waitpid(pid, os.WNOHANG)[0]) or ended[-1])
    if not ended[-1:] or not ended[-1]:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_ctrl_c_finishes_the_batch_and_rendering_dies_with_its_parent(samples, tmp_path, threads):
    photographs = make_photographs(samples, tmp_path / "photographs", 30)
    words, out = [photographs, *CPU, "--dpi", "60", "--write", "figure,maps"], tmp_path / "out"
    code, said = signalled(out, [*words, "--out", out], signal.SIGINT, 2)
    assert code == 130
    assert "the same command goes on from there" in said
    assert 2 <= count_of(out) < 30
    assert not list(out.rglob("*.partial"))
    assert signalled(out, [*words, "--out", out], signal.SIGKILL, 2)[0] == -signal.SIGKILL
    assert export(*words, "--out", out) == 0
    assert export(*words, "--out", tmp_path / "whole") == 0
    assert contents(out) == contents(tmp_path / "whole")


@pytest.mark.parametrize(
    ("count", "kills", "real"),
    [(24, 5, False), pytest.param(200, 100, False, marks=slow), pytest.param(60, 12, True, marks=slow)],
)
def test_killed_again_and_again_gives_the_same_as_never(samples, tmp_path, threads, count, kills, real):
    """Kills come at random, from before the first image of a run to several images later."""
    photographs = make_photographs(samples, tmp_path / "photographs", count)
    words, out = [photographs, "--write", "figure,maps", "--dpi", "60", *CPU], tmp_path / "killed"
    chance = random.Random(0)
    for turn in range(kills):
        left = count - count_of(out)
        after = min(left - 1, chance.randint(0, max(1, 2 * left // (kills - turn))))
        if real:
            signalled(out, [*words, "--out", out], signal.SIGKILL, after)
        else:
            killed(out, [*words, "--out", out], after)
        assert not (out / "index.html").exists()
    assert export(*words, "--out", out) == 0
    assert export(*words, "--out", tmp_path / "whole") == 0
    assert contents(out) == contents(tmp_path / "whole")
    done = [record["path"] for record in records(out)]
    assert len(set(done)) == len(done) == count


def test_some_ranks_die_and_fewer_finish(samples, tmp_path, threads):
    """Four processes share the images, two are lost, three go on; the index is that of one process."""
    photographs = make_photographs(samples, tmp_path / "photographs", 11)
    words = [photographs, *CPU, "--dpi", "60"]
    assert export(*words, "--out", tmp_path / "one") == 0
    many = tmp_path / "many"
    for rank in (1, 3):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("RANK", str(rank))
            patch.setenv("WORLD_SIZE", "4")
            assert export(*words, "--out", many) == 0
    assert not (many / "index.html").exists()
    assert len(records(many)) == 5
    for rank in range(3):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("RANK", str(rank))
            patch.setenv("WORLD_SIZE", "3")
            assert export(*words, "--out", many) == 0
    assert contents(many) == contents(tmp_path / "one")
    assert sorted(record["path"] for record in records(many)) == sorted(path.name for path in photographs.iterdir())


@slow
def test_four_processes_two_killed_three_finish(samples, tmp_path):
    photographs = make_photographs(samples, tmp_path / "photographs", 200)
    words = [photographs, *CPU, "--write", "figure,maps", "--dpi", "100", "--workers", "1"]
    out = tmp_path / "many"
    ranks = [start(*words, "--out", out, RANK=rank, WORLD_SIZE=4) for rank in range(4)]
    while not out.exists() or len(records(out)) < 40:
        time.sleep(0.1)
    for process in ranks[:2]:
        process.kill()
    for process in ranks:
        process.communicate()
    assert not (out / "index.html").exists()
    ranks = [start(*words, "--out", out, RANK=rank, WORLD_SIZE=3) for rank in range(3)]
    assert [process.communicate() and process.returncode for process in ranks] == [0, 0, 0]
    assert run(*words, "--out", tmp_path / "one").returncode == 0
    assert contents(out) == contents(tmp_path / "one")
    assert len({record["path"] for record in records(out)}) == 200


@slow
def test_under_torchrun_a_rank_is_killed_and_a_restart_finishes(samples, tmp_path):
    photographs = make_photographs(samples, tmp_path / "photographs", 60)
    (photographs / "broken.jpg").write_bytes(b"no image")
    words = [photographs, *CPU, "--dpi", "60", "--workers", "1"]
    out = tmp_path / "many"
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "-m", "cam", "export"]
    torchrun += [*map(str, words), "--out", str(out)]
    with subprocess.Popen(torchrun, cwd=ROOT, env=environment(), stderr=subprocess.PIPE, text=True) as process:
        wait_for(out, 20, lambda: process.poll() is not None)
        os.kill(children(process.pid)[0], signal.SIGKILL)
        process.communicate()
    assert process.returncode
    assert 20 <= count_of(out) < 61
    again = subprocess.run(
        torchrun, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=900, check=False
    )
    assert again.returncode, "a broken image is an end with code 3"
    assert "exitcode  : 3" in again.stderr
    assert run(*words, "--out", tmp_path / "one").returncode == 3
    assert contents(out) == contents(tmp_path / "one")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_exit_code_4_and_leaves_whole_files(samples, tmp_path, threads, monkeypatch, code, capsys):
    photographs = make_photographs(samples, tmp_path / "photographs", 6)
    words = [photographs, *CPU, "--dpi", "60", "--write", "figure,maps"]
    assert export(*words, "--out", tmp_path / "one") == 0
    out, sync, count = tmp_path / "full", os.fsync, 0

    def full(handle):
        nonlocal count
        count += 1
        if count > 10:
            raise OSError(code, os.strerror(code))
        sync(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        assert export(*words, "--out", out) == 4
    assert os.strerror(code).lower() in capsys.readouterr().err.lower()
    whole = contents(tmp_path / "one")
    assert 0 < len(contents(out)) < len(whole)
    assert all(whole[name] == digest for name, digest in contents(out).items())
    assert export(*words, "--out", out) == 0
    assert contents(out) == whole


@slow
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_small_file_system_fills_up_and_is_freed(samples, tmp_path):
    photographs = make_photographs(samples, tmp_path / "photographs", 24)
    words = [photographs, *CPU, "--write", "figure,maps"]
    assert run(*words, "--out", tmp_path / "one").returncode == 0
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk], check=True)
    try:
        result = run(*words, "--out", disk / "out")
        assert result.returncode == 4, result.stderr
        whole = contents(tmp_path / "one")
        assert 2 < len(contents(disk / "out")) < len(whole)
        assert all(whole[name] == digest for name, digest in contents(disk / "out").items())
        subprocess.run(["mount", "-o", "remount,size=100m", disk], check=True)
        assert run(*words, "--out", disk / "out").returncode == 0
        assert contents(disk / "out") == whole
    finally:
        subprocess.run(["umount", disk], check=True)


# ----------------------------------------------------------------------------------------------- memory, slowness, errors


def test_memory_that_is_too_small_halves_the_batch_and_the_ledger_says_so(samples, tmp_path, threads, monkeypatch):
    photographs = make_photographs(samples, tmp_path / "photographs", 7)
    features = Network.features

    def small(network, images, most=2):
        if len(images) > most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return features(network, images)

    monkeypatch.setattr(Network, "features", small)
    assert export(photographs, *CPU, "--batch-size", "8", "--dpi", "60", "--out", tmp_path / "out") == 0
    assert [record["batch"] for record in records(tmp_path / "out")] == [2] * 7
    assert {row["batch"] for row in table(tmp_path / "out")} == {"2"}


def test_an_image_that_no_memory_suffices_for_fails_alone(samples, tmp_path, threads, monkeypatch):
    """Images of one colour stand for it: nothing but its content tells the networks which it is."""
    photographs = make_photographs(samples, tmp_path / "photographs", 3)
    Image.new("RGB", (64, 64), "#ff0000").save(photographs / "red.png")
    features = Network.features

    def choosy(network, images):
        if (images.amax(dim=(2, 3)) == images.amin(dim=(2, 3))).all(dim=1)[images[:, 0, 0, 0] > 0.9].any():
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return features(network, images)

    monkeypatch.setattr(Network, "features", choosy)
    assert export(photographs, *CPU, "--dpi", "60", "--out", tmp_path / "out") == 3
    assert {row["image"]: row["error"] for row in table(tmp_path / "out") if row["error"]} == {"red.png": "MemoryError"}


def test_a_slow_image_holds_up_no_other(samples, tmp_path, threads, monkeypatch):
    photographs = make_photographs(samples, tmp_path / "photographs", 20)
    cut, waited = Views.of, []

    def reluctant(content, view, sides, name):
        if "00000" in name:
            while len(records(tmp_path / "out")) < 19 and len(waited) < 600:
                waited.append(time.sleep(0.1))
        return cut(content, view, sides, name)

    monkeypatch.setattr(reading, "Views", SimpleNamespace(of=reluctant))
    assert export(photographs, *CPU, "--dpi", "60", "--out", tmp_path / "out") == 0
    assert len(waited) < 600
    assert "00000" in records(tmp_path / "out")[-1]["path"]


def peak_memory(out, words):
    """Highest memory in MB of the exporting process and of its largest rendering process; exit code, seconds of each record."""
    peaks, moments, workers = {}, [], []
    with start(*words, "--out", out) as process:
        while process.poll() is None:
            workers = workers or children(process.pid)
            for pid in (process.pid, *workers):
                status = Path(f"/proc/{pid}/status")
                lines = status.read_text().splitlines() if alive(pid) else []
                highest = [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")]
                peaks[pid] = max([peaks.get(pid, 0), *highest])
            size = sum(path.stat().st_size for path in (out / FOLDER).glob("*.jsonl")) if out.exists() else 0
            moments.append((time.monotonic(), size))
            time.sleep(0.5)
        process.communicate()
    own = peaks.pop(process.pid)
    return own, max(peaks.values()), process.returncode, moments


@slow
def test_memory_and_time_an_image_do_not_grow(samples, tmp_path):
    """10,000 images against 500, or what EXPORT_IMAGES says; 5 % are broken in twenty ways."""
    fewer, many = map(int, os.environ.get("EXPORT_IMAGES", "500,10000").split(","))
    for name, count in (("few", fewer), ("many", many)):
        folder = make_photographs(samples, tmp_path / name, count - count // 20)
        for part in range(count // 20 // len(BROKEN)):
            (folder / f"broken {part}").mkdir()
            break_in_twenty_ways(samples, folder / f"broken {part}")
    measured = [peak_memory(tmp_path / f"{name} out", [tmp_path / name, *CPU]) for name in ("few", "many")]
    (few, few_worker, *_), (own, worker, code, moments) = measured
    print(f"{few:.0f} and {few_worker:.0f} MB for {fewer} images, {own:.0f} and {worker:.0f} MB for {many}")
    assert own < 1.1 * few
    assert worker < 1.1 * few_worker
    assert code == 3
    rows = table(tmp_path / "many out")
    assert len(rows) == many - many // 20 + many // 20 // len(BROKEN) * len(BROKEN)
    assert all(row["reason"] for row in rows if row["status"] == "failed")
    begun, size = next(moment for moment in moments if moment[1] > 0), moments[-1][1]
    middle = next(moment for moment in moments if moment[1] >= size / 2)
    print(f"{middle[0] - begun[0]:.0f} s for the first half, {moments[-1][0] - middle[0]:.0f} s for the second")


def test_too_many_failures_end_the_export(samples, tmp_path, threads, capsys):
    photographs = make_photographs(samples, tmp_path / "photographs", 2)
    break_in_twenty_ways(samples, photographs)
    assert export(photographs, *CPU, "--max-failures", "3", "--out", tmp_path / "out") == 1
    assert "as many as --max-failures allows" in capsys.readouterr().err
    assert not (tmp_path / "out" / "index.html").exists()


def test_the_class_may_come_from_the_folder(samples, tmp_path, threads):
    for folder, name in (("meerkat", "meerkats"), ("Egyptian_cat", "cat"), ("no such class", "crab")):
        (tmp_path / "photographs" / folder).mkdir(parents=True)
        os.link(samples / f"{name}.jpg", tmp_path / "photographs" / folder / f"{name}.jpg")
    out = tmp_path / "out"
    assert export(tmp_path / "photographs", *CPU, "--dpi", "60", "--target", "label", "--out", out) == 3
    assert [row["explained"] or row["reason"] for row in table(out)] == [
        "Egyptian cat",
        "meerkat",
        "unknown class 'no such class'; give a class of the study by name or index",
    ]


def test_a_mask_that_does_not_fit_is_a_remark(samples, tmp_path, threads):
    (tmp_path / "photographs").mkdir()
    os.link(samples / "cat.jpg", tmp_path / "photographs" / "cat.jpg")
    Image.new("L", (3, 3), 1).save(tmp_path / "photographs" / "cat.png")
    assert export(tmp_path / "photographs", *CPU, "--dpi", "60", "--out", tmp_path / "out") == 0
    (row,) = table(tmp_path / "out")
    assert row["status"] == "ok"
    assert row["remark"].startswith("the mask of 'cat.jpg' has 3 x 3 pixels")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--write", "figure,posters"], "unknown --write 'posters'; choose from figure, panels, overlays, maps"),
        (["--batch-size", "0"], "--batch-size is 0; expected 1 or more"),
        (["--method", "magic"], "unknown method 'magic'; choose from"),
        (["--method", "fem", "--scale", "row"], "logit"),
        (["--method", "fem", "--target", "tabby - lynx"], "no unit"),
        (["--style", "paper", "--scale", "row"], "the paper style gives every map its own scale"),
        (["--target", "tabbi"], "unknown class 'tabbi'; did you mean 'tabby'"),
        (["--study", "cifar"], "unknown study 'cifar'"),
    ],
)
def test_bad_options_are_one_sentence_and_write_nothing(options, words, samples, tmp_path, capsys):
    assert export(samples, *CPU, *options, "--out", tmp_path / "out") == 1
    said = capsys.readouterr().err.strip()
    assert words in said
    assert "\n" not in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("rank", "world"), [("4", "4"), ("-1", "2"), ("one", "2"), ("0", "0")])
def test_ranks_that_mean_nothing_are_refused(rank, world, samples, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RANK", rank)
    monkeypatch.setenv("WORLD_SIZE", world)
    assert export(samples, *CPU, "--out", tmp_path / "out") == 1
    assert f"RANK={rank} and WORLD_SIZE={world} are not understood" in capsys.readouterr().err


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
