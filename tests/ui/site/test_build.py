"""The built folder: what it replaces, what it holds, and what the build needs."""

import ast
import json
import re
from pathlib import Path

import pytest

from ui.site import runtime
from ui.site.build import MARK, build, copy_code, finish, require_replaceable
from ui.site.lesson import formulas, lesson_data

ROOT = Path(__file__).parents[3]
IMPORTED = re.compile(r'(?:import|from|import\() ?"(\.[^"]+)"|new URL\("(\.[^"]+)", import\.meta\.url\)')


@pytest.fixture(scope="module")
def code(tmp_path_factory):
    """A site without data and networks."""
    site = tmp_path_factory.mktemp("code") / "site"
    copy_code(site)
    finish(site)
    return site


def test_every_module_finds_what_it_imports(code):
    modules = list(code.glob("ui/**/*.js"))
    named = {
        (module.name, name): (module.parent / name).resolve()
        for module in modules
        for pair in IMPORTED.findall(module.read_text(encoding="utf-8"))
        if (name := next(filter(None, pair)))
    }
    assert len(named) > 50
    assert not [key for key, path in named.items() if not path.exists()]


def test_the_page_names_nothing_outside_the_site(code):
    page = code.joinpath("index.html").read_text(encoding="utf-8")
    named = re.findall(r'(?:href|src)="([^"#]+)"', page)
    assert len(named) > 20
    to_click = ["https://arxiv.org/abs/1905.11946", "photographs/licences.txt", "https://onnxruntime.ai"]
    assert [name for name in named if not (code / name).exists()] == to_click
    assert "<!--" not in page


def test_style_sheets_are_joined(code):
    sheets = list(code.glob("ui/components/**/*.css"))
    assert {sheet.stem for sheet in sheets} == {"viewer", "story", "picker"}
    assert not [sheet for sheet in sheets if "@import" in sheet.read_text(encoding="utf-8")]


def test_the_service_worker_names_every_file_and_its_version_changes_with_them(code, tmp_path):
    files = json.loads(code.joinpath(MARK).read_text(encoding="utf-8"))["files"]
    worker = code.joinpath("sw.js").read_text(encoding="utf-8")
    assert set(files) == {path.relative_to(code).as_posix() for path in code.rglob("*") if path.is_file()} - {
        MARK,
        "sw.js",
    }
    assert all(f'"{name}"' in worker for name in files)
    other = tmp_path / "site"
    copy_code(other)
    other.joinpath("networks").mkdir()
    other.joinpath("networks", "one.onnx").write_bytes(b"")
    finish(other)
    lists = [json.loads(one) for one in re.findall(r"= (\[.*\])", other.joinpath("sw.js").read_text(encoding="utf-8"))]
    assert lists[1] == ["networks/one.onnx"]
    assert "networks/one.onnx" not in lists[0]
    versions = {
        re.search(r'VERSION = "(\w+)"', site.joinpath("sw.js").read_text(encoding="utf-8"))[1] for site in (code, other)
    }
    assert len(versions) == 2


def test_only_a_site_is_replaced(tmp_path, code):
    require_replaceable(tmp_path / "absent")
    require_replaceable(tmp_path)
    require_replaceable(code)
    tmp_path.joinpath("thesis.tex").write_text("")
    with pytest.raises(ValueError, match="holds no site; give another folder, or an empty one"):
        build(tmp_path)
    assert tmp_path.joinpath("thesis.tex").exists()


def test_where_npm_is_missing_one_sentence_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(runtime, "installed", lambda folder: None)
    monkeypatch.setattr(runtime.shutil, "which", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r"npm, which installs it, is missing too; install Node\.js 20"):
        runtime.copy_runtime(tmp_path)


def test_formulas_become_html():
    assert (
        formulas(r"a < b: $d = \alpha^\varphi$, $w^2r^2$")
        == "a &lt; b: <i>d = α<sup>φ</sup></i>, <i>w<sup>2</sup>r<sup>2</sup></i>"
    )
    texts = [step["text"] for step in lesson_data("")["steps"]]
    assert len(texts) == 5
    assert not [text for text in texts if "\\" in text or "$" in text]


def test_the_site_is_made_without_streamlit():
    """Nothing that the build imports, directly or not, imports Streamlit, except inside a function that is not called."""
    seen, waiting = set(), ["ui.site.build"]
    while waiting:
        name = waiting.pop()
        path = next(
            (
                one
                for one in (ROOT / f"{name.replace('.', '/')}.py", ROOT / name.replace(".", "/") / "__init__.py")
                if one.exists()
            ),
            None,
        )
        if name in seen or path is None:
            continue
        seen.add(name)
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            assert "streamlit" not in names, name
            waiting += [".".join(one.split(".")[:end]) for one in names for end in range(1, one.count(".") + 2)]
    assert {"ui.components.loader", "ui.pages.scaling.steps", "models.graph_command"} <= seen
