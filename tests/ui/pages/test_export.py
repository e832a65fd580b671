"""The page Export: choices become a command, a job outlives its page, and errors become sentences."""

import errno
import io
import json
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from cam.export.zipping import write_zip
from models.home import SAMPLES as SAMPLE_FOLDER
from ui import session
from ui.messages import NO_ROOM, UNEXPECTED, plain
from ui.pages.export import jobs
from ui.photographs import Photograph

PAGE = str(Path(__file__).parents[3] / "ui" / "pages" / "export" / "page.py")
FOLDER = "A folder on this machine"
OPTIONS = ["--variants", "lite0", "--device", "cpu", "--dpi", "60", "--study", "lite"]


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    """A folder for the jobs of this test only."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    yield tmp_path
    for process in jobs._processes.values():
        process.kill()
        process.wait()
    jobs._processes.clear()


def opened(**query):
    app = AppTest.from_file(PAGE, default_timeout=60)
    app.query_params.update(query)
    return app.run()


def words(elements):
    return "\n".join(one.value for one in elements)


def uploads(samples, *names):
    return [Photograph.of(f"{name}.jpg", (samples / f"{name}.jpg").read_bytes()) for name in names]


def ended(job):
    while jobs.state_of(job) == jobs.RUNNING:
        time.sleep(0.1)
    return jobs.state_of(job)


def test_a_first_visit_says_what_there_is_to_get():
    app = opened()
    assert not app.exception
    assert "What you get" in words(app.markdown)
    assert app.button[0].label == "Start the export"
    assert app.button[0].disabled


def test_a_link_to_a_job_that_is_gone_is_a_first_visit():
    for key in ("0" * 32, "../../etc", ""):
        assert "What you get" in words(opened(job=key).markdown)


def test_choices_become_the_options_of_the_command(monkeypatch):
    begun = []
    monkeypatch.setattr(jobs, "start", begun.append)
    app = opened()
    app.session_state["place"] = "The samples"
    app.session_state["write"] = ["figure", "maps"]
    app.session_state["format"] = "pdf"
    app.selectbox(key="method").set_value("layercam")
    app.selectbox(key="export-target").set_value("Each its own")
    app.run()
    app.button[0].click().run()
    assert not app.exception
    said = " ".join(begun[0].words)
    assert said.startswith(f"{SAMPLE_FOLDER} --out {jobs.state_folder()}")
    for option in ("--method layercam", "--target own", "--write figure,maps", "--format pdf", "--width page"):
        assert option in said
    assert app.query_params["job"] == begun[0].key


def test_folders_of_the_server_are_offered_where_they_are_asked_for(monkeypatch):
    """Neither loopback alone nor the flag alone is enough."""
    assert FOLDER not in _places(opened())
    monkeypatch.setattr(sys, "argv", ["app.py", "--local-files"])
    assert FOLDER in _places(opened())
    monkeypatch.setattr(session, "serves_this_machine_only", lambda: False)
    assert FOLDER not in _places(opened())


def _places(app):
    return [option.content for option in app.get("button_group")[0].proto.options]


def test_uploads_with_hostile_or_equal_names_are_all_kept_inside(samples, state):
    cat, crab, dolphin = (one.content for one in uploads(samples, "cat", "crab", "dolphin"))
    names = ["../../x.jpg", "X.JPG", "a/b/x.jpg"]
    job = jobs.job_of_uploads([Photograph.of(*pair) for pair in zip(names, (cat, crab, dolphin), strict=True)], OPTIONS)
    files = sorted((job.folder / "photographs").iterdir())
    assert {file.read_bytes() for file in files} == {cat, crab, dolphin}
    assert len({file.name.casefold() for file in files}) == 3
    assert [path for path in state.rglob("*") if path.is_file() and job.folder not in path.parents] == []


def test_the_same_photographs_and_options_are_the_same_job(samples):
    photographs = uploads(samples, "cat", "crab")
    job = jobs.job_of_uploads(photographs, OPTIONS)
    assert jobs.job_of_uploads(photographs[::-1], OPTIONS) == job
    assert jobs.job_of_uploads(photographs, [*OPTIONS, "--flip"]) != job
    assert jobs.job_of_uploads(photographs[:1], OPTIONS) != job
    assert jobs.job_named(job.key) == job


def test_a_job_runs_without_its_page_and_ends_in_a_zip(samples):
    """A job with two photographs and a broken one is cancelled, continued, listed and packed; its page finds it by the link."""
    broken = Photograph.of("broken.jpg", b"no image")
    job = jobs.job_of_uploads([*uploads(samples, "cat", "crab"), broken], OPTIONS)
    jobs.start(job)
    jobs.start(job)  # a second call does nothing
    with pytest.raises(jobs.Busy, match="another export is running"):
        jobs.start(jobs.job_of_uploads(uploads(samples, "cat"), OPTIONS))
    app = opened(job=job.key)
    assert "Loading the networks" in words(app.markdown)
    assert [one.label for one in app.button] == ["Start the export", "Cancel"]
    assert ended(job) == jobs.FINISHED
    app = opened(job=job.key)
    assert not app.exception
    assert "2 photographs exported" in words(app.markdown)
    assert app.dataframe[0].value["Photograph"].tolist() == ["broken.jpg"]
    assert "is not an image" in app.dataframe[0].value["Reason"][0]
    with zipfile.ZipFile(jobs.zipped(job)) as archive:
        names = archive.namelist()
        assert archive.testzip() is None
        assert all(entry.date_time == (1980, 1, 1, 0, 0, 0) for entry in archive.infolist())
        figure = next(name for name in names if name.startswith("compound-cam/figures/cat-"))
        Image.open(io.BytesIO(archive.read(figure))).load()
    assert {"compound-cam/index.html", "compound-cam/predictions.csv", "compound-cam/contact-sheet.jpg"} <= set(names)
    assert not any("ledger" in name or ".lock" in name for name in names)
    before = jobs.zipped(job).read_bytes()
    write_zip(job.out, job.folder / "again.zip")
    assert (job.folder / "again.zip").read_bytes() == before


def test_a_job_that_was_cut_off_offers_to_go_on(samples, monkeypatch):
    job = jobs.job_of_uploads(uploads(samples, "cat"), OPTIONS)
    (job.folder / "progress.jsonl").write_text(
        json.dumps({"total": 5, "done": 2, "skipped": 1, "failed": 0, "images_per_second": 1.5, "eta_seconds": 1})
        + "\n"
    )
    begun = []
    monkeypatch.setattr(jobs, "start", begun.append)
    app = opened(job=job.key)
    assert "3 of 5 photographs are done and kept; Go on makes the others." in words(app.markdown)
    next(one for one in app.button if one.label == "Go on").click().run()
    assert begun == [job]


@pytest.mark.parametrize(
    ("code", "said", "shown"),
    [
        (4, "python -m cam export: {out}/figures/cat.png: no space left on device", NO_ROOM),
        (1, "python -m cam export: no photograph in {source}", "No photograph in the photographs."),
        (1, "python -m cam export: {source}/cat.jpg: permission denied", "Cat.jpg: permission denied."),
        (1, "python -m cam export: {folder}/x: {out}/y", "X: y."),
        (1, "python -m cam export: {source}base/x.png is no image", "Photographsbase/x.png is no image."),
        (
            1,
            "python -m cam export: there is no file /srv/weights/b0.pth; restore it",
            "There is no file b0.pth; restore it.",
        ),
        (1, "Traceback (most recent call last)\nRuntimeError: secret detail", UNEXPECTED),
        (1, "", UNEXPECTED),
    ],
)
def test_why_a_job_failed_is_a_sentence_without_the_servers_folders(samples, code, said, shown):
    job = jobs.job_of_uploads(uploads(samples, "cat"), OPTIONS)
    said = said.format(source=job.words[0], out=job.out, folder=job.folder)
    (job.folder / "errors.txt").write_text(f"a remark\n{said}\n")
    jobs._processes[job.key] = subprocess.Popen([sys.executable, "-c", f"raise SystemExit({code})"])
    assert ended(job) == jobs.FAILED
    app = opened(job=job.key)
    assert words(app.error) == plain(shown)
    assert "Go on" in [one.label for one in app.button]


def test_where_an_export_lies_is_said_only_of_a_folder_that_its_visitor_named(samples, tmp_path):
    out = tmp_path / "elsewhere" / "my figures"
    own, named = jobs.job_of_uploads(uploads(samples, "cat"), OPTIONS), jobs.job_of_folder(samples, str(out), OPTIONS)
    for job in (own, named):
        job.out.mkdir(parents=True)
        (job.out / "index.html").write_text("")
        (job.out / "predictions.csv").write_text("image,status,reason\n")
        Image.new("RGB", (8, 8)).save(job.out / "contact-sheet.jpg")
        (job.folder / "progress.jsonl").write_text(
            json.dumps({"total": 1, "done": 1, "skipped": 0, "failed": 0, "images_per_second": 1, "eta_seconds": 0})
        )
        app = opened(job=job.key)
        assert "1 photograph exported" in words(app.markdown)
        everything = words([*app.caption, *app.markdown])
        assert str(tmp_path) not in everything
        assert ("folder my figures that you named" in everything) == (job is named)


def test_what_the_system_refuses_is_said_without_its_number_or_path(monkeypatch, samples):
    app = opened()
    for number, shown in ((errno.ENOSPC, NO_ROOM), (errno.EACCES, UNEXPECTED), (errno.ENOENT, UNEXPECTED)):

        def refused(*arguments, number=number):
            raise OSError(number, os.strerror(number), "/secret/place")

        monkeypatch.setattr(jobs, "job_of_folder", refused)
        app.segmented_control[0].set_value("The samples").run()
        next(one for one in app.button if one.label == "Start the export").click().run()
        assert words(app.warning) == plain(shown)


def test_progress_is_said_in_words():
    told = jobs.Progress(1200, 300, 2, 2.5, 360)
    assert told.words() == "300 of 1,200 · 2 failed · 2.5 a second · 6 min 0 s left"
    assert jobs.Progress().words() == "a moment"
    assert "8.0 s each" in jobs.Progress(10, 1, 0, 0.125, 72).words()


def test_old_jobs_are_forgotten(samples):
    job = jobs.job_of_uploads(uploads(samples, "cat"), OPTIONS)
    stamp = time.time() - jobs.KEPT - 60
    os.utime(job.folder / "job.json", (stamp, stamp))
    other = jobs.job_of_uploads(uploads(samples, "crab"), OPTIONS)
    assert jobs.job_named(job.key) is None
    assert jobs.job_named(other.key) == other
    assert not job.folder.exists()


def test_the_oldest_jobs_make_room_on_the_disk(samples, monkeypatch):
    old, new = (jobs.job_of_uploads(uploads(samples, name), OPTIONS) for name in ("cat", "crab"))
    os.utime(old.folder / "job.json", (time.time() - 60,) * 2)
    monkeypatch.setattr(jobs, "MOST_DISK", jobs._size(old) + jobs._size(new) - 1)
    jobs.job_of_uploads(uploads(samples, "dolphin"), OPTIONS)
    assert jobs.job_named(old.key) is None
    assert jobs.job_named(new.key) == new


def test_an_export_that_cannot_begin_leaves_no_uploads(samples, state, monkeypatch):
    """It cannot begin because another one runs, or because the disk is full halfway."""
    monkeypatch.setattr(jobs, "_processes", {"other": SimpleNamespace(poll=lambda: None, kill=int, wait=int)})
    with pytest.raises(jobs.Busy):
        jobs.start(jobs.job_of_uploads(uploads(samples, "cat"), OPTIONS))
    assert not [path for path in state.rglob("*") if path.is_file()]
    write, left = jobs.atomic_write, iter([True, True])

    def full(path):
        if next(left, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path)

    monkeypatch.setattr(jobs, "atomic_write", full)
    with pytest.raises(OSError, match="No space"):
        jobs.job_of_uploads(uploads(samples, "cat", "crab"), OPTIONS)
    assert not [path for path in state.rglob("*") if path.is_file()]


def test_a_reopened_job_says_what_it_was_asked_for(samples):
    """It shows its own settings, not the present ones of the page."""
    options = [
        "--study",
        "lite",
        "--method",
        "layercam",
        "--target",
        "281",
        "--write",
        "figure,maps",
        "--format",
        "pdf",
    ]
    job = jobs.job_of_uploads(uploads(samples, "cat"), [*options, "--transparent"])
    said = words(opened(job=job.key).caption)
    assert "This export: ImageNet, EfficientNet-Lite · LayerCAM · tabby · figures, raw maps · PDF" in said
    other = jobs.job_of_uploads(uploads(samples, "cat"), OPTIONS)
    assert "This export: ImageNet, EfficientNet-Lite · CAM · Same class · figures · PNG" in words(
        opened(job=other.key).caption
    )


def test_a_folder_shows_how_many_photographs_it_holds(monkeypatch, tmp_path):
    for place in range(3):
        Image.new("RGB", (8, 8)).save(tmp_path / f"{place}.png")
    (tmp_path / "notes.txt").write_text("none")
    monkeypatch.setattr(session, "local_files_allowed", lambda: True)
    app = opened()
    app.segmented_control[0].set_value(FOLDER).run()
    app.text_input(key="source").set_value(str(tmp_path)).run()
    assert "3 photographs" in words(app.caption)
