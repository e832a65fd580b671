"""Manifests from strangers run no code and build no endless network; an error is one sentence that names the place."""

import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import StudyError, load_study
from models.__main__ import main
from models.costs import LARGEST_MULTIPLIER, check_cost
from models.scaling import SCALINGS, Scaling
from models.variants import PACKAGES
from tests.attacks import attacked

BESIDE = '\n[variants.other]\nsource = { file = "x.pth" }\n'


def written(folder, text):
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("package", ["payload.inner", "payload", "os", ".", "", "streamlit"])
def test_a_package_is_none_but_this_projects_and_never_imported(package, tmp_path, monkeypatch):
    """To find ``payload.inner`` Python would import ``payload``."""
    (tmp_path / "payload" / "inner").mkdir(parents=True)
    (tmp_path / "payload" / "__init__.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    (tmp_path / "payload" / "inner" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    text = f'[variants.baseline]\nsource = {{ package = "{package}", file = "x" }}\n{BESIDE}'
    with pytest.raises(StudyError, match="not one of this project's; choose from"):
        load_study(written(tmp_path, text)).variants["baseline"].available  # noqa: B018
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("package", PACKAGES)
def test_this_projects_packages_are_found(package, tmp_path):
    text = f'[variants.baseline]\nsource = {{ package = "{package}", file = "none" }}\n{BESIDE}'
    with pytest.raises(StudyError, match="there is no file"):
        load_study(written(tmp_path, text)).variants["baseline"].path()


GREEDY = [
    "resolution = 20000",
    "width_mult = 1000",
    "depth_mult = 1e9",
    "width_mult = 1e308",
    "width_mult = 9, resolution = 4000",
    "width_mult = 9, depth_mult = 9",
    "resolution = 99999999999999999999",
    "depth_mult = inf",
    "width_mult = nan",
]


@pytest.mark.parametrize("scaling", GREEDY)
def test_what_could_never_be_built_is_refused_at_once(scaling, tmp_path, capsys):
    text = f'[variants.baseline]\nscaling = {{ {scaling} }}\nsource = {{ grown_from = "other" }}\n{BESIDE}'
    begun = time.process_time()
    assert main(["list", str(written(tmp_path, text))]) == 1
    assert time.process_time() - begun < 5
    said = capsys.readouterr().err.strip()
    assert "\n" not in said
    assert "variant 'baseline'" in said


def test_every_named_scaling_and_the_largest_released_network_pass():
    for scaling in [*SCALINGS.values(), Scaling(4.3, 5.3, 800)]:
        check_cost(scaling)
    with pytest.raises(ValueError, match="depth_mult"):
        check_cost(Scaling(1.0, LARGEST_MULTIPLIER + 0.1))


@pytest.mark.linux
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "study.toml")
    with pytest.raises(StudyError, match="not a regular file"):
        load_study(tmp_path / "study.toml")


@pytest.mark.parametrize(
    "text", ["a" + "[" * 5000, "a = " + "[" * 5000, "a = " + "9" * 5000, "x = 1\nx = 2", "\x00", 'a = "\x1b[31m']
)
def test_broken_toml_is_one_sentence(text, tmp_path):
    with pytest.raises(StudyError) as caught:
        load_study(written(tmp_path, text))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


KEYS = st.sampled_from(
    [
        "label",
        "family",
        "scaling",
        "source",
        "sha256",
        "provenance",
        "note",
        "normalisation",
        "file",
        "package",
        "grown_from",
        "torchvision",
        "width_mult",
        "depth_mult",
        "resolution",
        "dropout",
        "mean",
        "std",
    ]
)
PLAIN = (
    st.integers(-(2**40), 2**40)
    | st.floats()
    | st.booleans()
    | st.sampled_from(["b", "baseline", "", "x.pth", "half", "lite"])
)
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
TOP = st.sampled_from(["title", "summary", "categories", "retrained", "samples", "label_set", "variants"])


def toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else repr(value)


@attacked()
@given(
    st.dictionaries(TOP, VALUES, max_size=3),
    st.dictionaries(
        st.sampled_from(["baseline", "other", "depth"]), st.dictionaries(KEYS, VALUES, max_size=4), max_size=3
    ),
)
def test_any_manifest_is_a_study_or_one_sentence(tmp_path, top, variants):
    """Entries have valid names and values of any type; a manifest that loads can be listed."""
    top.pop("variants", None)
    lines = [f"{key} = {toml(value)}" for key, value in top.items()]
    for key, table in variants.items():
        lines += [f"[variants.{key}]", *(f"{name} = {toml(value)}" for name, value in table.items())]
    path = written(tmp_path, "\n".join(lines))
    said = ""
    try:
        study = load_study(path)
    except StudyError as error:
        said = str(error)
    assert "\n" not in said
    if said:
        return
    for variant in study.variants.values():
        assert isinstance(variant.available, bool)
    assert main(["list", str(path)]) in (0, 1)
