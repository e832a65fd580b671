"""Files of photographs that are no longer exported are reported and kept."""

from pathlib import Path

from cam.commands.export import _say_leftovers
from cam.export.items import Item
from cam.export.leftovers import leftovers


def test_what_belongs_to_no_item_is_named(tmp_path, capsys):
    kept, gone = (Item(Path(f"{name}.jpg"), f"{name}.jpg", f"{name}-0a", None) for name in ("v1.2 kept", "gone"))
    for item in (kept, gone):
        for path in (f"figures/{item.name}.png", f"maps/{item.name}.npz", f"thumbnails/{item.name}.jpg"):
            (tmp_path / path).parent.mkdir(exist_ok=True)
            (tmp_path / path).write_bytes(b"x")
        (tmp_path / "panels" / item.name).mkdir(parents=True)
    (tmp_path / "figures" / ".half.partial").write_bytes(b"x")
    (tmp_path / "notes.txt").write_text("mine")
    found = leftovers([kept], tmp_path)
    assert found == ["figures/gone-0a.png", "maps/gone-0a.npz", "panels/gone-0a", "thumbnails/gone-0a.jpg"]
    assert leftovers([kept, gone], tmp_path) == leftovers([], tmp_path / "nowhere") == []
    _say_leftovers([], "out")
    assert capsys.readouterr().err == ""
    _say_leftovers(found, "out")
    assert "4 files or folders in out are of photographs that are not in this list" in capsys.readouterr().err
    assert (tmp_path / "figures/gone-0a.png").is_file()
