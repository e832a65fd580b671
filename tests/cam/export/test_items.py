"""What is exported and under which names: each photograph once, masks as masks, nothing outside the folder, unique names."""

import os

import pytest
from PIL import Image

from cam.export.items import NAME_BYTES, chosen, file_name, find_items

HOSTILE = [
    "../../etc/passwd.jpg",
    "a/../../b.jpg",
    "..jpg",
    ".hidden.jpg",
    "CON.jpg",
    "nul.jpg",
    'a<b>:"|?*.jpg',
    "%2e%2e%2f.jpg",
    "x\u202egpj.exe.jpg",
    "line\nbreak.jpg",
    "tab\t.jpg",
    "\x01.jpg",
    "漢" * 90 + ".jpg",
    "é" * 120 + ".jpg",
    " .jpg",
    "-rf.jpg",
    "café.jpg",
    "cafe\u0301.jpg",
    "CAFÉ.jpg",
    "Photo.JPG",
    "photo.jpg",
    os.fsdecode(b"\xff\xfe.jpg"),
]


def photograph(path, mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, (8, 6)).save(path)
    return path


def found(sources, out, **options):
    return [item.relative for item in find_items([str(source) for source in sources], out, **options)]


@pytest.fixture
def folder(tmp_path):
    """Photographs in folders, one of them with a mask, one hidden, and a text file."""
    for name in ("b.jpg", "a.JPG", "deep/er/c.png", "deep/d.jpg", ".hidden.jpg", ".cache/e.jpg"):
        photograph(tmp_path / "photos" / name)
    photograph(tmp_path / "photos" / "deep" / "d.png", "P")
    (tmp_path / "photos" / "notes.txt").write_text("no photograph")
    return tmp_path / "photos"


@pytest.mark.parametrize("relative", HOSTILE)
def test_a_name_is_one_harmless_part_of_a_path(relative):
    name = file_name(relative)
    assert os.path.basename(name) == name
    assert not name.startswith((".", "-", " "))
    assert name.isprintable()
    assert not set(name) & set('<>:"/\\|?*#%&\n')
    assert len(name.encode()) <= NAME_BYTES + 13


def test_names_differ_on_disks_that_ignore_case_and_composition():
    assert len({file_name(relative).casefold() for relative in HOSTILE}) == len(HOSTILE)
    assert file_name("a/x.jpg") != file_name("b/x.jpg")
    assert file_name("a/x.jpg").split("-")[0] == "x"


def test_letters_of_every_script_stay():
    assert file_name("кошка 漢字.jpg").startswith("кошка_漢字-")


def test_folders_are_searched_and_masks_belong_to_their_photographs(folder, tmp_path):
    items = find_items([str(folder)], tmp_path / "out")
    assert [item.relative for item in items] == ["a.JPG", "b.jpg", "deep/d.jpg", "deep/er/c.png"]
    assert [item.mask for item in items] == [None, None, folder / "deep" / "d.png", None]


def test_a_coloured_or_broken_png_beside_a_photograph_is_a_photograph(folder, tmp_path):
    photograph(folder / "b.png", "RGB")
    (folder / "a.png").write_bytes(b"\x89PNG\r\n")
    assert {"a.png", "b.png"} <= set(found([folder], tmp_path / "out"))


def test_patterns_lists_and_single_photographs(folder, tmp_path):
    out = tmp_path / "out"
    assert found([f"{folder}/**/*.jpg"], out) == ["b.jpg", "deep/d.jpg"]
    assert found([folder / "b.jpg", folder / "deep" / "d.jpg", folder / "b.jpg"], out) == ["b.jpg", "deep/d.jpg"]
    (folder / "list.txt").write_text("\ufeffdeep/d.jpg\n\nmissing.jpg\r\nb.jpg\n")
    assert found([folder / "list.txt"], out) == ["deep/d.jpg", "missing.jpg", "b.jpg"]
    with pytest.raises(FileNotFoundError, match="no folder, list or photograph 'nowhere'"):
        found(["nowhere"], out)
    with pytest.raises(ValueError, match="no photograph in .*; expected files ending in .jpg"):
        found([f"{folder}/*.tif"], out)


def test_links_are_left_out_until_they_are_asked_for(folder, tmp_path, capsys):
    elsewhere = photograph(tmp_path / "elsewhere" / "f.jpg")
    (folder / "link.jpg").symlink_to(elsewhere)
    (folder / "links").symlink_to(elsewhere.parent)
    (folder / "deep" / "loop").symlink_to(folder)
    for sources in ([folder], [f"{folder}/**/*.jpg"]):
        assert not {"link.jpg", "links/f.jpg"} & set(found(sources, tmp_path / "out"))
        assert "links are left out; --follow-links exports them too" in capsys.readouterr().err
    followed = found([folder], tmp_path / "out", follow_links=True)
    assert {"link.jpg", "links/f.jpg"} <= set(followed)
    assert len(followed) == 6  # a link to its own parent ends


def test_an_export_inside_its_source_does_not_export_itself(folder):
    before = found([folder], folder / "out")
    photograph(folder / "out" / "figures" / "x.png")
    assert found([folder], folder / "out") == before


def test_limit_and_sample_are_always_the_same(folder, tmp_path):
    for number in range(30):
        photograph(folder / f"{number:02}.jpg")
    items = find_items([str(folder)], tmp_path / "out")
    assert chosen(items, 3, None) == items[:3]
    sample = chosen(items, None, 7)
    assert sample == chosen(items, None, 7)
    assert len(sample) == 7
    assert [items.index(item) for item in sample] == sorted(items.index(item) for item in sample)
    assert chosen(items, None, 1000) == items


def test_an_output_that_is_a_link_into_the_input_is_not_exported(tmp_path):
    """This holds whichever names of the input and the output are given."""
    (tmp_path / "photographs" / "figures").mkdir(parents=True)
    for name in ("a.jpg", "figures/b.jpg"):
        Image.new("RGB", (8, 8)).save(tmp_path / "photographs" / name)
    (tmp_path / "out").symlink_to("photographs/figures")
    (tmp_path / "input").symlink_to("photographs")
    for source in ("photographs", "input"):
        for out in ("out", "photographs/figures", "input/figures"):
            found = find_items([str(tmp_path / source)], tmp_path / out)
            assert [item.relative for item in found] == ["a.jpg"]


@pytest.mark.linux
def test_a_name_that_is_too_long_in_a_list_is_one_failure(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "list.txt").write_text("\n".join(["a.jpg", "x" * 300 + ".jpg", "pipe.jpg", "y" * 5000]))
    assert len(find_items([str(tmp_path / "list.txt")], tmp_path / "out")) == 4
