"""ONNX Runtime for browsers, from npm: the files that run graphs, pinned in package.json."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from models.home import HOME

PACKAGE = "onnxruntime-web"
MISSING = f"{PACKAGE} is missing, and npm, which installs it, is missing too; install Node.js 20 or newer and try again"
FILES = {  # the module comes first
    "wasm": ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"),
    "webgpu": ("ort.jspi.min.mjs", "ort-wasm-simd-threaded.jspi.mjs", "ort-wasm-simd-threaded.jspi.wasm"),
}


def copy_runtime(site: Path) -> dict[str, Any]:
    """Put the files into the site, from ``node_modules``; npm installs the package first where it is missing or outdated.

    Returns:
        Their folder, which is named after the version, and the files for browsers without and with WebGPU.

    Raises:
        ModuleNotFoundError: npm is needed and not installed, or cannot install the package.
    """
    folder = HOME / "node_modules" / PACKAGE
    if installed(folder) != pinned():
        _install()
    out = site / f"runtime-{pinned()}"
    out.mkdir(parents=True)
    for name in {name for names in FILES.values() for name in names}:
        shutil.copyfile(folder / "dist" / name, out / name)
    return {"folder": f"{out.name}/", **FILES}


def pinned() -> str:
    """The version that package.json asks for.

    Raises:
        ModuleNotFoundError: this is not a checkout of the project.
    """
    file = HOME / "package.json"
    if not file.is_file():
        raise ModuleNotFoundError(
            "the site can be built only in a checkout of the project, whose package.json names what npm installs"
        )
    return json.loads(file.read_text(encoding="utf-8"))["dependencies"][PACKAGE]


def installed(folder: Path) -> str | None:
    """The version installed in a folder; None where there is none."""
    file = folder / "package.json"
    return json.loads(file.read_text(encoding="utf-8"))["version"] if file.is_file() else None


def _install() -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise ModuleNotFoundError(MISSING)
    ended = subprocess.run(
        [npm, "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=HOME, check=False
    )
    if ended.returncode:
        raise ModuleNotFoundError(f"npm could not install {PACKAGE}; see its messages above")
