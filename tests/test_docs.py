"""Files, folders and make targets named in the documents exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_and_links_that_a_document_names_exist(document):
    text = document.read_text(encoding="utf-8")
    named = re.findall(r"`((?:app|cam|docs|models|tests|ui)(?:/[\w.-]+)*\.(?:py|js|md|toml))`", text)
    linked = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    missing = {name for name in named if not (ROOT / name).exists()}
    assert not missing | {name for name in linked if not (document.parent / name).exists()}


def test_every_target_of_make_that_a_document_names_exists():
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {
        name for path in DOCUMENTS for name in re.findall(r"^make ([\w-]+)", path.read_text(encoding="utf-8"), re.M)
    }
    assert named
    assert named <= targets


def test_the_plan_of_the_rooms_is_the_tree():
    """Each line of the plan in docs/architecture.md names a file or folder, indented below the folder that contains it."""
    plan = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").split("```")[1]
    room = ROOT
    for indent, name in re.findall(r"^( *)([\w.]+/?) {2,}\S", plan, re.MULTILINE):
        place = (room if indent else ROOT) / name
        assert place.exists(), name
        room = room if indent else place
