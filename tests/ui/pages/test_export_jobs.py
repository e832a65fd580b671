"""The page Export: damaged jobs stop no others, only an export's own process is ended, and downloads have limits."""

import json
import os
import subprocess
import time

import pytest
from PIL import Image

from tests.ui.pages.test_export import OPTIONS, opened, state, uploads, words  # noqa: F401  # state is used by itself
from ui import holding, session
from ui.messages import plain
from ui.pages.export import jobs


@pytest.fixture
def exported(samples):
    """A finished export, but for its figures."""
    job = jobs.job_of_uploads(uploads(samples, "cat"), OPTIONS)
    job.out.mkdir()
    (job.out / "index.html").write_text("")
    (job.out / "predictions.csv").write_text("image,status,reason\n")
    Image.new("RGB", (8, 8)).save(job.out / "contact-sheet.jpg")
    told = {"total": 1, "done": 1, "skipped": 0, "failed": 0, "images_per_second": 1, "eta_seconds": 0}
    (job.folder / "progress.jsonl").write_text(json.dumps(told))
    return job


@pytest.mark.parametrize("local", [True, False])
def test_an_export_that_is_too_large_for_a_browser_says_what_to_do(exported, tmp_path, monkeypatch, local):
    """Where it lies only to those who may name folders of this machine; a file with a hole stands for its figures."""
    monkeypatch.setattr(session, "local_files_allowed", lambda: local)
    with open(exported.out / "large.png", "wb") as file:
        file.truncate(256 << 20)
    app = opened(job=exported.key)
    said = words(app.caption)
    assert not app.exception
    assert not app.get("download_button")
    assert "256 MB are more than a browser gets at once" in said
    assert (plain(exported.out) in said) == local
    assert ("python -m cam export` on your machine" in said) == (not local)
    assert not (exported.folder / "compound-cam.zip").exists()


def test_downloads_of_all_visitors_have_one_limit(exported, monkeypatch):
    assert opened(job=exported.key).get("download_button")
    monkeypatch.setattr(holding, "MOST_SENT", 1000)
    app = opened(job=exported.key)
    assert not app.get("download_button")
    assert "The server holds as many downloads as it can" in words(app.caption)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"{}", b"[]", b'{"words": 1, "out": "x"}', b'{"words": [], "out": "x"}', None]
)
def test_a_damaged_record_stops_no_other_export_and_is_forgotten_when_it_is_old(samples, content):
    """A folder without a record counts as well, by its own age."""
    damaged = jobs.job_of_uploads(uploads(samples, "cat"), OPTIONS)
    record = damaged.folder / "job.json"
    record.unlink() if content is None else record.write_bytes(content)
    assert jobs.job_named(damaged.key) is None
    assert "What you get" in words(opened(job=damaged.key).markdown)
    other = jobs.job_of_uploads(uploads(samples, "crab"), OPTIONS)
    assert damaged.folder.exists()
    os.utime(damaged.folder if content is None else record, (time.time() - jobs.KEPT - 60,) * 2)
    assert jobs.job_of_uploads(uploads(samples, "crab"), OPTIONS) == other
    assert not damaged.folder.exists()


def test_folders_without_a_record_make_room_too(samples, monkeypatch):
    folder = jobs.state_folder() / "half"
    folder.mkdir(parents=True)
    (folder / "photograph.jpg").write_bytes(bytes(5000))
    os.utime(folder, (time.time() - 60,) * 2)
    new = jobs.job_of_uploads(uploads(samples, "cat"), OPTIONS)
    monkeypatch.setattr(jobs, "MOST_DISK", jobs._size(new) + 4999)
    jobs.job_of_uploads(uploads(samples, "cat"), OPTIONS)
    assert not folder.exists()
    assert jobs.job_named(new.key) == new


@pytest.mark.linux
@pytest.mark.parametrize("later", [True, False])
def test_cancel_ends_only_the_process_whose_number_was_written_down(samples, monkeypatch, later):
    """A number that was written down before a process began is that of another, which had it earlier."""
    job = jobs.job_of_uploads(uploads(samples, "cat"), OPTIONS)
    monkeypatch.setattr(jobs, "busy", lambda out: True)
    with subprocess.Popen(["sleep", "60"]) as process:
        (job.folder / "pid").write_text(str(process.pid))
        if later:
            os.utime(job.folder / "pid", (time.time() - 3600,) * 2)
            app = opened(job=job.key)
            next(one for one in app.button if one.label == "Cancel").click().run()
            assert "end it where it was started" in words([*app.warning, *app.error, *app.info, *app.markdown])
            assert process.poll() is None
            process.kill()
        else:
            jobs.cancel(job)
            assert process.wait(10) == -jobs.STOP


@pytest.mark.parametrize("content", ["", "x", "-1", "0", "9" * 30, "9" * 200])
def test_what_is_no_number_of_a_process_is_none(samples, content):
    job = jobs.job_of_uploads(uploads(samples, "cat"), OPTIONS)
    (job.folder / "pid").write_text(content)
    assert jobs._begun_before(job) is None
