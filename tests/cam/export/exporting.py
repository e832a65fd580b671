"""Shared by the tests of exports: photographs, exports inside and outside this process, and the files that they wrote."""

import csv
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from cam.__main__ import main
from cam.export.ledger import FOLDER

ROOT = Path(__file__).parents[3]


LITE = ("--study", "lite", "--device", "cpu")


CPU = (*LITE, "--variants", "lite0")


slow = pytest.mark.slow


def make_photographs(samples, folder, count):
    """Make different small photographs from the samples, rotated and mirrored, with a space and an accent in their names."""
    pictures = [Image.open(path).convert("RGB") for path in sorted(samples.glob("*.jpg"))]
    folder.mkdir(parents=True)
    for number in range(count):
        picture, turn = pictures[number % len(pictures)], number // len(pictures)
        picture = picture.rotate(7 * turn, expand=True) if turn % 2 else ImageOps.mirror(picture).rotate(3 * turn)
        picture.thumbnail((320, 320))
        picture.save(folder / f"photo {number:05}-é.jpg", quality=85)
    return folder


def command(*words):
    return [sys.executable, "-m", "cam", "export", *map(str, words)]


def environment(**more):
    return {**os.environ, "OMP_NUM_THREADS": "1", **{name: str(value) for name, value in more.items()}}


def run(*words, **more):
    """Run a real export in a process of its own; ``more`` goes into its environment."""
    return subprocess.run(
        command(*words), cwd=ROOT, env=environment(**more), capture_output=True, text=True, timeout=3000, check=False
    )


def export(*words):
    """Run an export in this process; its exit code."""
    return main(["export", *map(str, words)])


def contents(out):
    """The sha256 of every file except ledgers and lock."""
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.parent.name != FOLDER and path.name != ".lock"
    }


def records(out):
    """Records of all ledgers, from whole lines only."""
    text = "".join(path.read_text() for path in sorted((out / FOLDER).glob("*.jsonl")))
    return [json.loads(line) for line in text.splitlines() if line.endswith("}") and line.startswith('{"path"')]


def table(out):
    with open(out / "predictions.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


BROKEN = {  # twenty ways
    "empty": b"",
    "one byte": b"\xff",
    "text": b"hello",
    "html": b"<html></html>",
    "zeros": bytes(4000),
    "jpeg start": b"\xff\xd8\xff\xe0",
    "png start": b"\x89PNG\r\n\x1a\n",
    "gif start": b"GIF89a",
    "bmp start": b"BM",
    "webp start": b"RIFF\x00\x00\x00\x00WEBP",
    "tiff start": b"II*\x00\x08\x00\x00\x00",
    "avif start": b"\x00\x00\x00\x1cftypavif",
    "pdf": b"%PDF-1.7\n",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "zip": b"PK\x03\x04" + bytes(60),
    "psd": b"8BPS\x00\x01" + bytes(60),
    "ico": b"\x00\x00\x01\x00" + bytes(40),
    "xml": b"<?xml version='1.0'?>",
    "half": None,
    "bomb": None,
}


def break_in_twenty_ways(samples, folder):
    whole = (samples / "cat.jpg").read_bytes()
    for name, content in BROKEN.items():
        content = whole[: len(whole) // 3] if name == "half" else content
        if name == "bomb":
            Image.new("1", (20_000, 20_000)).save(folder / "bomb.png")
        else:
            (folder / f"{name}.jpg").write_bytes(content)


# ------------------------------------------------------------------------------------------------------- what interrupts


def children(pid):
    """Processes that a process started."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def start(*words, **more):
    return subprocess.Popen(
        command(*words), cwd=ROOT, env=environment(**more), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
