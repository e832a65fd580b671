"""The ledger finds what is done, even if lines were cut off, files overwritten, or work done by another process."""

import hashlib
import io
import json
import os

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cam.export import ledger as ledger_of_all
from cam.export.gallery import Gallery, Heading
from cam.export.index import SCHEMA, table_rows
from cam.export.items import Item
from cam.export.keys import Settings
from cam.export.ledger import FAILED, FOLDER, MOST_LINE, OK, Done, Failed, Ledger, confirms
from cam.export.locking import at_work
from tests.attacks import attacked


def record(out, path="a.jpg", key="k", setting="s", content=b"content", failed=False):
    """A record and its file."""
    if failed:
        return Failed(path=path, key=key, setting=setting, error="ImageError", reason="is empty")
    (out / f"{path}.png").write_bytes(content)
    files = {f"{path}.png": (len(content), hashlib.sha256(content).hexdigest())}
    return Done(path=path, key=key, setting=setting, files=files, rows=[])


def written(out, *records, rank=0, setting="s"):
    with Ledger(out, setting, rank) as ledger:
        for one in records:
            ledger.append(one)


def test_what_is_recorded_is_found_by_all_ranks(tmp_path):
    written(tmp_path, record(tmp_path), rank=3)
    written(tmp_path, record(tmp_path, "b.jpg", failed=True), rank=1)
    with Ledger(tmp_path, "s") as ledger:
        assert ledger.done("a.jpg", "k").status == OK
        assert ledger.done("b.jpg", "k").reason == "is empty"
        assert ledger.done("a.jpg", "other key") is None
        assert ledger.done("c.jpg", "k") is None


@pytest.mark.parametrize("cut", [2, 5, 40])
def test_a_torn_last_line_is_no_record_and_spoils_none(tmp_path, cut):
    written(tmp_path, record(tmp_path), record(tmp_path, "b.jpg"))
    path = tmp_path / FOLDER / "rank-0000.jsonl"
    path.write_bytes(path.read_bytes()[:-cut])
    written(tmp_path, record(tmp_path, "c.jpg"))
    with Ledger(tmp_path, "s") as ledger:
        assert [bool(ledger.done(name, "k")) for name in ("a.jpg", "b.jpg", "c.jpg")] == [True, False, True]


def test_lines_of_others_are_passed_over(tmp_path):
    (tmp_path / FOLDER).mkdir()
    lines = [b"\xff\xfe", b"{}", b"[]", b"null", b'{"path": "a.jpg", "key": "k", "setting": "s", "status": "ok"}', b""]
    (tmp_path / FOLDER / "rank-0000.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    with Ledger(tmp_path, "s") as ledger:
        assert ledger.done("a.jpg", "k") is None
        assert ledger.current("a.jpg") is None


def test_a_file_that_is_gone_cut_or_changed_is_not_done(tmp_path):
    written(tmp_path, record(tmp_path))
    file = tmp_path / "a.jpg.png"
    with Ledger(tmp_path, "s") as ledger:
        for content, by_size, by_hash in (
            (b"contenT", True, False),
            (b"content!", False, False),
            (b"content", True, True),
        ):
            file.write_bytes(content)
            assert (bool(ledger.done("a.jpg", "k")), bool(ledger.done("a.jpg", "k", hashed=True))) == (by_size, by_hash)
        file.unlink()
        assert ledger.done("a.jpg", "k") is None


def test_going_back_to_earlier_settings_trusts_no_size(tmp_path):
    """A run with other settings may have written a file of the same name and size."""
    written(tmp_path, record(tmp_path))
    written(tmp_path, record(tmp_path, setting="t", content=b"CONTENT"), setting="t")
    with Ledger(tmp_path, "s") as ledger:
        assert ledger.done("a.jpg", "k") is None


def test_of_two_versions_of_a_photograph_the_one_on_disk_counts(tmp_path):
    first, second = record(tmp_path, key="old", content=b"1"), record(tmp_path, key="new", content=b"2")
    written(tmp_path, second, rank=0)
    written(tmp_path, first, rank=1)
    with Ledger(tmp_path, "s") as ledger:
        assert ledger.current("a.jpg").key == "new"


def test_success_outweighs_an_earlier_failure(tmp_path):
    written(tmp_path, record(tmp_path), rank=1)
    written(tmp_path, record(tmp_path, failed=True), rank=2)
    with Ledger(tmp_path, "s") as ledger:
        assert ledger.done("a.jpg", "k").status == OK
        assert ledger.current("a.jpg").status == OK


def test_records_are_lines_of_json_that_only_grow(tmp_path):
    written(tmp_path, record(tmp_path))
    before = (tmp_path / FOLDER / "rank-0000.jsonl").read_bytes()
    written(tmp_path, record(tmp_path, "b\ud800.jpg", failed=True))
    after = (tmp_path / FOLDER / "rank-0000.jsonl").read_bytes()
    assert after.startswith(before)
    assert [json.loads(line)["path"] for line in after.splitlines()] == ["a.jpg", "b\ud800.jpg"]


def test_confirms_reads_contents_only_when_asked(tmp_path):
    one = record(tmp_path)
    (tmp_path / "a.jpg.png").write_bytes(b"CONTENT")
    assert confirms(tmp_path, one)
    assert not confirms(tmp_path, one, hashed=True)


def test_half_written_files_are_swept_only_by_who_is_alone(tmp_path):
    half = tmp_path / "figures" / ".x.png.abc.partial"
    half.parent.mkdir()
    half.touch()
    with at_work(tmp_path):
        assert not half.exists()
        half.touch()
        with at_work(tmp_path):
            assert half.exists()
        assert half.exists()
    assert not half.exists()


HEADING = Heading("title", Settings(), {})
ROW = {
    "variant": "v",
    "explained": "cat",
    "probability": 0.5,
    "classes": ["cat"],
    "probabilities": [0.5],
    "measures": {"peak": 1.0},
}
WHOLE = {
    "path": "a.jpg",
    "key": "k",
    "setting": "s",
    "status": OK,
    "files": {"figures/a.png": [3, "00"]},
    "rows": [ROW],
    "batch": 1,
    "device": "cpu",
    "remark": "x",
}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@attacked()
@given(st.dictionaries(st.sampled_from([*WHOLE, "error", "reason"]), ANYTHING, max_size=3), st.booleans())
def test_lines_with_fields_of_any_type_end_no_export(tmp_path, changes, failed):
    """Recorded values of any type are used as recorded or skipped; the export and its tables go on."""
    start = (
        {"path": "a.jpg", "key": "k", "setting": "s", "status": FAILED, "error": "E", "reason": "r"}
        if failed
        else WHOLE
    )
    (tmp_path / FOLDER).mkdir(exist_ok=True)
    line = json.dumps(start | changes)
    (tmp_path / FOLDER / "rank-0000.jsonl").write_text(line + "\n")
    item = Item(tmp_path / "a.jpg", "a.jpg", "a", None)
    with Ledger(tmp_path, "s") as ledger:
        ledger.done("a.jpg", "k", hashed=True)
        found = ledger.current("a.jpg")
        if found:
            list(table_rows(item, found))
            Gallery(io.BytesIO(), HEADING).add(item, found)


LINE = (  # what a ledger has held since its first version, in this order
    b'{"path":"a.jpg","key":"k","setting":"s","status":"ok","batch":1,"device":"cpu","engine":"e","remark":"no mask",'
    b'"files":{"figures/a.png":[3,"00"]},"rows":[{"variant":"v","explained":"cat","probability":0.5,"classes":["cat"],'
    b'"probabilities":[0.5],"out_of_class":null,"measures":{"peak":1.0}}]}\n'
)
SORRY = b'{"path":"b\\u00e9.jpg","key":"k","setting":"s","status":"failed","error":"E","reason":"r"}\n'


def test_what_is_read_is_what_was_written_byte_for_byte(tmp_path):
    """Also without a remark, which is left out."""
    plain = LINE.replace(b'"remark":"no mask",', b"").replace(b"a.jpg", b"c.jpg")
    for one, rank in ((LINE, 1), (SORRY, 2), (plain, 3)):
        (tmp_path / FOLDER).mkdir(exist_ok=True)
        (tmp_path / FOLDER / f"rank-{rank:04}.jsonl").write_bytes(one)
    with Ledger(tmp_path, "s") as ledger:
        for name in ("a.jpg", "bé.jpg", "c.jpg"):
            ledger.append(ledger.current(name))
    assert (tmp_path / FOLDER / "rank-0000.jsonl").read_bytes() == LINE + SORRY + plain


def test_measures_and_classes_of_others_change_no_table(tmp_path):
    """Measures have columns only by the names that exist, and as many classes as have probabilities count."""
    row = ROW | {"classes": ["cat", "dog"], "measures": {"peak": 1.0, "image": 2.0, "nonsense": 3.0}}
    record = msgspec.convert(WHOLE | {"rows": [row]}, Done)
    (found,) = table_rows(Item(tmp_path / "a.jpg", "a.jpg", "a", None), record)
    assert list(found) == SCHEMA.names
    assert (found["image"], found["peak"], found["class_1"], found["class_2"]) == ("a.jpg", 1.0, "cat", None)


@pytest.mark.parametrize("batch", [-1, 2**63, True, 1.5])
def test_numbers_that_no_table_holds_are_no_record(tmp_path, batch):
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "rank-0000.jsonl").write_text(json.dumps(WHOLE | {"batch": batch}) + "\n")
    with Ledger(tmp_path, "s") as ledger:
        assert ledger.current("a.jpg") is None


@pytest.mark.linux
@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
def test_a_ledger_that_is_no_file_is_refused_at_once(tmp_path, kind):
    (tmp_path / FOLDER).mkdir()
    place = tmp_path / FOLDER / "rank-0001.jsonl"
    {"pipe": os.mkfifo, "folder": os.mkdir, "device": lambda path: path.symlink_to("/dev/zero")}[kind](place)
    with pytest.raises(ValueError, match="rank-0001.jsonl' is not a regular file; remove it"):
        Ledger(tmp_path, "s")


@pytest.mark.linux
@pytest.mark.parametrize("kind", ["pipe", "device", "endless"])
def test_a_record_of_what_is_no_file_is_not_confirmed(tmp_path, kind):
    """A pipe waits, and a device and some files of the system, which report a size of 0, have no end."""
    place, nothing = tmp_path / "a.png", hashlib.sha256(b"").hexdigest()
    endless = {"device": "/dev/zero", "endless": "/proc/self/pagemap"}
    os.mkfifo(place) if kind == "pipe" else place.symlink_to(endless[kind])
    one = msgspec.convert(WHOLE | {"files": {"a.png": [0, nothing]}}, Done)
    assert not confirms(tmp_path, one, hashed=True)


def test_a_line_without_end_is_read_in_parts_and_no_record(tmp_path, monkeypatch):
    """What follows on a line of its own counts; a file with a hole stands for one that is larger than memory."""
    written(tmp_path, record(tmp_path))
    with open(tmp_path / FOLDER / "rank-0001.jsonl", "wb") as file:
        file.truncate(3 * MOST_LINE)
        file.seek(0, 2)
        file.write(b"\n" + SORRY)
    longest, parsed = [], ledger_of_all._parsed
    monkeypatch.setattr(ledger_of_all, "_parsed", lambda line: longest.append(len(line)) or parsed(line))
    with Ledger(tmp_path, "s") as ledger:
        assert max(longest) == MOST_LINE
        assert ledger.done("a.jpg", "k").status == OK
        assert ledger.current("bé.jpg").reason == "r"


@pytest.mark.parametrize("size", [0, 1, 5, 7, 2**21 + 3])
def test_contents_are_hashed_in_parts_up_to_their_size(tmp_path, size):
    content = bytes(range(256)) * (size // 256 + 1)
    one = record(tmp_path, content=content[:size])
    assert confirms(tmp_path, one, hashed=True)
    (tmp_path / "a.jpg.png").write_bytes(content[:size][:-1] + b"?" if size else b"?")
    assert not confirms(tmp_path, one, hashed=True)


@pytest.mark.parametrize("name", ["../a.png", "/etc/passwd", "figures/../../a.png", "", "a\0b", "\ud800"])
def test_a_record_speaks_of_no_file_outside(tmp_path, name):
    written(tmp_path, msgspec.convert(WHOLE | {"files": {name: [3, "00"]}}, Done))
    with Ledger(tmp_path, "s") as ledger:
        assert ledger.current("a.jpg") is None


def test_a_title_with_braces_is_a_title(tmp_path):
    file = io.BytesIO()
    gallery = Gallery(file, Heading("{rows} {style} {about} <b>", Settings(), {}))
    gallery.finish()
    page = file.getvalue().decode()
    assert "<title>{rows} {style} {about} &lt;b&gt;</title>" in page
    assert page.count('id="rows"') == 1
