"""Builds the site in a folder: the components' modules as they are, their style sheets joined, data, pictures, networks."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models import Network, Study, load_study
from models.home import SAMPLES
from models.studies import DEFAULT_STUDY
from ui.components.loader import HERE as COMPONENTS
from ui.components.loader import SHEET, joined
from ui.components.viewer.packing import pack, packed_colours, packed_paper
from ui.pages.drawn import FILE as STORY
from ui.site.lesson import lesson_data
from ui.site.networks import copy_graphs, scales, write_graphs
from ui.site.runtime import copy_runtime
from ui.site.samples import write_samples

UI = Path(__file__).parents[1]
PARTS = Path(__file__).parent / "parts"
USED = ("shared", "viewer", "story", "picker")  # components
MARK = "build.json"  # file in a built folder; only a folder with it is replaced
APART = ("engine.js", "resampling.js")  # modules of the worker
LATER = (
    "networks",
    "runtime",
)  # folders whose names begin like this are cached by the service worker when they are requested, not at once


def build(out: Path, graphs: Path | None = None, keys: Sequence[str] = (), samples: Sequence[str] = ()) -> Path:
    """Build the site.

    Args:
        out: folder, which is replaced where it holds a site, and must be empty or absent otherwise.
        graphs: folder with graphs of the networks; missing ones are written there. Default: a folder for this build only.
        keys: of the study's networks; default all.
        samples: names of the photographs; default all of the project.

    Raises:
        ValueError: ``out`` holds something else, or a network cannot be written as a graph.
        ModuleNotFoundError: ONNX Runtime is not installed, for Python or for browsers.
    """
    require_replaceable(out)
    study = load_study(DEFAULT_STUDY)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as work:
        site = Path(work, "site")
        copy_code(site)
        _fill(
            site,
            study,
            graphs or Path(work, "graphs"),
            list(keys) or list(study.variants),
            list(samples) or all_samples(),
        )
        finish(site)
        if out.exists():
            shutil.rmtree(out)
        site.replace(out)
    return out


def require_replaceable(out: Path) -> None:
    """Refuse to replace anything but a site.

    Raises:
        ValueError: ``out`` is something else.
    """
    if out.exists() and not (out.is_dir() and ((out / MARK).is_file() or not any(out.iterdir()))):
        raise ValueError(f"{out} exists and holds no site; give another folder, or an empty one")


def all_samples() -> list[str]:
    """Names of the project's photographs."""
    return [path.stem for path in sorted(SAMPLES.glob("*.jpg"))]


def copy_code(site: Path) -> None:
    """Copy the page, the modules of the app that it uses, and its own."""
    for name in USED:
        for file in sorted((COMPONENTS / name).glob("*.js")):
            _copy(file, site)
        sheet = COMPONENTS / name / f"{name}.css"
        if sheet.is_file():
            _copy_sheet(sheet, site)
            _copy(sheet.with_suffix(".html"), site)
    for file in sorted(PARTS.glob("*")):
        if file.suffix == ".css":
            _copy_sheet(file, site)
        elif file.suffix == ".js" and file.name != "sw.js":
            _copy(file, site)
    site.joinpath("index.html").write_text(_page(site), encoding="utf-8")
    shutil.copyfile(UI / "icon.svg", site / "icon.svg")


def _page(site: Path) -> str:
    """The page, with links to its modules, so that browsers request all of them at once."""
    modules = sorted(path.relative_to(site).as_posix() for path in site.glob("ui/**/*.js") if path.name not in APART)
    links = "\n    ".join(f'<link rel="modulepreload" href="{name}" />' for name in modules)
    return PARTS.joinpath("index.html").read_text(encoding="utf-8").replace("<!--modules-->", links)


def _copy(file: Path, site: Path) -> None:
    shutil.copyfile(file, _place(file, site))


def _copy_sheet(file: Path, site: Path) -> None:
    """Write a style sheet with all that it imports."""
    _place(file, site).write_text(joined(file, SHEET), encoding="utf-8")


def _place(file: Path, site: Path) -> Path:
    """Path of a file of the app on the site; its folder is made."""
    place = site / "ui" / file.relative_to(UI)
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def _fill(site: Path, study: Study, graphs: Path, keys: list[str], samples: list[str]) -> None:
    """Write data, pictures and networks."""
    write_graphs(study.name, keys, graphs)
    networks = {key: study.load(key, "cpu") for key in keys}
    write_samples(networks, samples, site / "data" / "samples", site / "photographs")
    files = copy_graphs(networks, graphs, site / "networks")
    figure = figure_data(networks, study, samples) | {"networks": files, "runtime": copy_runtime(site)}
    _write_json(site / "data" / "figure.json", figure)
    _write_json(site / "data" / "lesson.json", lesson_data(f"photographs/{samples[0]}.square.webp"))
    shutil.copyfile(STORY, site / "data" / "story.json")


def figure_data(networks: dict[str, Network], study: Study, samples: list[str]) -> dict[str, Any]:
    """What the page Compare must know before it shows a photograph."""
    from cam import compare

    row = compare(networks, [SAMPLES / f"{samples[0]}.jpg"], target="shared")
    data = pack([row], [""], [""], {}, list(networks))
    shared = {name: data[name] for name in ("order", "unit", "signed", "method")}
    viewer = shared | {"colours": packed_colours(), "theirs": packed_paper()}
    viewer |= {"scene": None, "look": None, "lecture": False, "uploads": 0}
    start = [name for name in study.samples if name in samples] or samples[:1]
    return {
        "viewer": viewer,
        "columns": data["columns"],
        "order": data["order"],
        "categories": row.categories,
        "scales": scales(networks, list(networks)),
        "none": f"none of the {len(row.categories):,} classes may fit",
        "samples": [{"name": name, "picture": f"photographs/{name}.small.webp"} for name in samples],
        "start": start,
    }


def _write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, separators=(",", ":"), ensure_ascii=False), encoding="utf-8")


def finish(site: Path) -> None:
    """Write the service worker with the names of all files, and the mark of a site with their hashes."""
    files = {path.relative_to(site).as_posix(): path for path in sorted(site.rglob("*")) if path.is_file()}
    hashes = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    version = hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()[:12]
    later = [name for name in files if name.startswith(LATER)]
    kept = ["./", *(name for name in files if name not in later)]
    filled = PARTS.joinpath("sw.js").read_text(encoding="utf-8").replace("/*version*/", version)
    for place, names in (("files", kept), ("later", later)):
        filled = filled.replace(f'["/*{place}*/"]', json.dumps(names))
    site.joinpath("sw.js").write_text(filled, encoding="utf-8")
    _write_json(site / MARK, {"version": version, "files": hashes})


def size_of(site: Path) -> int:
    """Bytes of all files."""
    return sum(path.stat().st_size for path in site.rglob("*") if path.is_file())
