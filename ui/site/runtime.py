"""ONNX Runtime for browsers, from npm: the files that run graphs, pinned in package.json."""

import json
import shutil
import subprocess
from pathlib import Path

from models.home import HOME

PACKAGE = "onnxruntime-web"
MISSING = f"{PACKAGE} is not here and npm is not installed; install Node.js 20 or newer, or run npm ci elsewhere and copy node_modules"
FILES = (
    "ort.wasm.min.mjs",
    "ort-wasm-simd-threaded.mjs",
    "ort-wasm-simd-threaded.wasm",
)  # every browser
WEBGPU_FILES = (
    "ort.jspi.min.mjs",
    "ort-wasm-simd-threaded.jspi.mjs",
    "ort-wasm-simd-threaded.jspi.wasm",
)  # those with WebGPU and promises in WebAssembly


def copy_runtime(out: Path) -> None:
    """Put the files into a folder, from ``node_modules``, which npm fills first where it must.

    Raises:
        ModuleNotFoundError: npm is needed and not installed, or cannot install the package.
    """
    folder = HOME / "node_modules" / PACKAGE
    if installed(folder) != pinned():
        _install()
    out.mkdir(parents=True)
    for name in (*FILES, *WEBGPU_FILES):
        shutil.copyfile(folder / "dist" / name, out / name)


def pinned() -> str:
    """The version that package.json asks for."""
    return json.loads((HOME / "package.json").read_text(encoding="utf-8"))["dependencies"][PACKAGE]


def installed(folder: Path) -> str | None:
    """The version that is there; None where none is."""
    file = folder / "package.json"
    return json.loads(file.read_text(encoding="utf-8"))["version"] if file.is_file() else None


def _install() -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise ModuleNotFoundError(MISSING)
    ended = subprocess.run([npm, "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=HOME, check=False)
    if ended.returncode:
        raise ModuleNotFoundError(f"npm could not install {PACKAGE}; its own words stand above")
