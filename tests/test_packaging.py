"""``pip install .`` installs every file of the packages, the app with its settings and photographs, and three commands."""

import os
import runpy
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from setuptools import Distribution

ROOT = Path(__file__).parents[1]
ROOMS = ("cam", "models", "ui")
SCRIPTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]


def installed_files() -> dict[str, str]:
    """Where each file of the project is installed according to setuptools and pyproject.toml: source -> target."""
    distribution = Distribution({"script_name": "setup.py"})
    distribution.parse_config_files([str(ROOT / "pyproject.toml")])
    building = distribution.get_command_obj("build_py")
    building.ensure_finalized()
    modules = {
        path: f"{package.replace('.', '/')}/{Path(path).name}" for package, _, path in building.find_all_modules()
    }
    data = {
        f"{source}/{name}": f"{Path(target).relative_to(building.build_lib).as_posix()}/{name}"
        for _, source, target, names in building.data_files
        for name in names
    }
    return {os.path.normpath(path): target for path, target in (modules | data).items()}


@pytest.fixture
def in_root(monkeypatch):
    monkeypatch.chdir(ROOT)


def test_every_file_is_installed_where_it_is_looked_for(in_root):
    there = {
        path for room in ROOMS for path in Path(room).rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    beside = {
        Path("app.py"),
        Path(".streamlit/config.toml"),
        Path("docs/figure.webp"),
        *Path("sample_images").iterdir(),
    }
    expected = {str(path): path.as_posix() for path in there if not path.name.startswith(".")}
    expected |= {str(path): f"compound_cam/{path.as_posix()}" for path in beside}
    assert installed_files() == expected


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_command_is_a_function(name):
    assert callable(EntryPoint(name, SCRIPTS[name], "console_scripts").load())


@pytest.mark.parametrize("module", ["models/home.py", "ui/address.py"])
@pytest.mark.parametrize("home", [".", "compound_cam"])
def test_home_is_found_in_a_checkout_and_where_it_is_installed(module, home, tmp_path):
    for folder in ("models", "ui", home):
        (tmp_path / folder).mkdir(exist_ok=True)
    shutil.copy(ROOT / module, tmp_path / module)
    assert runpy.run_path(str(tmp_path / module))["HOME"] == tmp_path / home


def test_the_command_starts_before_pytorch_is_loaded():
    code = "import sys, ui.command; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


OPENED = """
from streamlit.testing.v1 import AppTest
from ui.address import HOME
app = AppTest.from_file(str(HOME / "app.py"), default_timeout=300)
app.run()
assert not app.exception
app.query_params["images"] = "cat"
app.run()
assert not app.exception and not app.error
print(HOME)
"""


@pytest.mark.slow
def test_installed_commands_work_in_another_folder(tmp_path):
    """A wheel is installed in an environment of its own, which uses the packages of this one."""
    copy, few = tmp_path / "project", tmp_path / "few"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".venv", ".git", "node_modules", "build", "__pycache__"))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    scheme = {"base": str(tmp_path / "venv"), "platbase": str(tmp_path / "venv")}
    packages = Path(sysconfig.get_path("purelib", "venv", scheme))
    commands = Path(sysconfig.get_path("scripts", "venv", scheme))
    packages.joinpath("borrowed.pth").write_text(sysconfig.get_path("purelib"))
    pip = [sys.executable, "-m", "pip", "--python", commands / "python"]
    install = ["install", "--no-deps", "--no-build-isolation", "--no-index", copy]
    subprocess.run([*pip, *install], check=True, cwd=tmp_path)
    shutil.rmtree(copy)

    def ran(name: str, *words: str | Path) -> str:
        ended = subprocess.run([commands / name, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    few.mkdir()
    shutil.copy(packages / "compound_cam" / "sample_images" / "cat.jpg", few)
    assert "no weights here" not in ran("compound-cam-models", "list", "photographs")
    ran("compound-cam", "compare", few / "cat.jpg", "--out", "cat.png")
    ran("compound-cam", "export", few, "--out", "out")
    assert (tmp_path / "cat.png").is_file()
    assert (tmp_path / "out" / "index.html").is_file()
    assert ran("python", "-c", OPENED).strip() == str(packages / "compound_cam")
    assert "Usage: streamlit run" in ran("compound-cam-app", "--help")
