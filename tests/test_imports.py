"""Floors, checked from the imports without running anything: no file imports from its own floor or a higher one."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

FLOORS = {  # package: its files and packages from the lowest floor up; | separates floors
    "": "models | cam | ui | app",
    "models": "classifier commands exhaustion files gates home normalisation out_of_class outputs pixels placement precision"
    " pulse ridge starting"
    " | images other_rows scaling | costs downloads efficientnet views | graphs"
    " | checkpoints engine exact_growth | in_memory | network | graph_agreement input_check memory noisy_copies variants"
    " | manifest_entries mirror_test refit | growth | studies | command_inputs judging"
    " | graph_command judge_command liveness placement_command training | __main__",
    "models.checkpoints": "keras_weights padding_check pickled_calls placeholders strangers | pickles | archives | weight_files"
    " | clues heads label_sets state_dicts stems | recognition hubs key_styles records | apart families | checkpoint"
    " | graph_files | loading | description",
    "models.training": "interruptions kept_batchnorm probe recipe teacher | augmentation datasets lineage objectives optimisation"
    " | evaluation sources | run | training | command",
    "models.graphs": "names session | graph reading",
    "models.liveness": "channels removal | measure | report | command",
    "cam": "maps | evidence figures inputs measures question saved | showing | comparison paper | compare | evaluation export"
    " | commands | __main__",
    "cam.maps": "closed_forms targets | cells channel_masking fullgrad gradients parts | methods | layers",
    "cam.measures": "imputation masks matlab outlines pointing similarity | coco mask_scores perturbation randomisation"
    " | mask_sources",
    "cam.figures": "colours layout photographic | display drawing | panels | figure",
    "cam.paper": "figure7 tables",
    "cam.evaluation": "contenders deletion_film records registry sampling | shipped statistics scoring"
    " | checks photographs placing pointing_game report tasks | verdicts | in_memory table",
    "cam.export": "items locking rows | keys ledger | gallery leftovers reading rendering zipping | index looking | pipeline",
    "cam.commands": "options peers | timing | bench compare evaluate export",
    "ui": "address components messages palette | turns | command shared | checkpoints holding photographs reports"
    " | session | elsewhere options parts uploads | pages | lecture site",
    "ui.components": "loader | activations answers ballot deck drawing film keys mosaic nearest picker steps story viewer voting",
    "ui.components.activations": "",
    "ui.components.answers": "",
    "ui.components.ballot": "",
    "ui.components.deck": "",
    "ui.components.drawing": "",
    "ui.components.film": "",
    "ui.components.keys": "",
    "ui.components.mosaic": "",
    "ui.components.nearest": "",
    "ui.components.picker": "",
    "ui.components.steps": "",
    "ui.components.story": "",
    "ui.components.viewer": "packing | interactive",
    "ui.components.voting": "",
    "ui.lecture": "ballots codes scenes | hall | deck steps | phone screen | stage",
    "ui.pages": "drawn | compare evidence export scaling | story",
    "ui.pages.compare": "answers controls first_sight | downloads links | explorer | page",
    "ui.pages.evidence": "data words | charts | verdicts | numbers | deletion mosaics photographs steps your_photographs | page",
    "ui.pages.export": "jobs | download | page",
    "ui.site": "lesson networks runtime samples | build | __main__",
    "ui.pages.story": "answer | drawing page",
    "ui.pages.scaling": "latency setting svg | controls measured network_drawing steps tables | activations charts"
    " | experiment stopwatch | page",
}
TYPES_ONLY = {
    (name, "cam.comparison") for name in ("cam.figures.figure", "cam.figures.panels", "cam.showing")
}  # which can draw itself


def name_of(path: Path) -> str:
    """Dotted name of a module, or for an __init__.py that of its package."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path): path for room in ("app", "ui", "cam", "models") for path in ROOT.glob(f"{room}.py")} | {
    name_of(path): path for room in ("ui", "cam", "models") for path in sorted((ROOT / room).rglob("*.py"))
}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}
PACKAGES = [name for name, path in MODULES.items() if path.name == "__init__.py"]
FUNCTION = "cam.compare"  # ``from cam import compare`` means the function, not the module of that name


def imported(node: ast.AST) -> set[str]:
    """Dotted names that an import refers to; ``from ui import session`` refers to the module ``ui.session``."""
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        inner = {f"{node.module}.{alias.name}" for alias in node.names}
        return {name if name in MODULES and name != FUNCTION else node.module for name in inner}
    return set()


def imports_of(name: str) -> tuple[set[str], set[str]]:
    """Modules of the project that a module imports, including imports inside functions and those for types only."""
    guarded = [
        node for node in ast.walk(TREES[name]) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    typing = {node for block in guarded for part in block.body for node in ast.walk(part)}
    run: set[str] = set()
    typed: set[str] = set()
    for node in ast.walk(TREES[name]):
        (typed if node in typing else run).update(imported(node) & MODULES.keys())
    return run, typed


def floor(package: str, entry: str) -> int:
    """Number of the floor of a module or package within its package, from 0."""
    found = [i for i, entries in enumerate(FLOORS[package].split("|")) if entry in entries.split()]
    assert found, f"{entry} has no floor in {package or 'the house'}; give it one in FLOORS"
    return found[0]


def climbs(importer: str, other: str) -> bool:
    """Whether an import does not lead to a lower floor of the package that holds both."""
    ours, theirs = importer.split("."), other.split(".")
    if ours == theirs[: len(ours)]:
        return importer not in PACKAGES  # a package may re-export its own modules
    if theirs == ours[: len(theirs)]:
        return True  # a module may not import the package that it is in
    place = next(i for i, (one, two) in enumerate(zip(ours, theirs, strict=False)) if one != two)
    package = ".".join(ours[:place])
    return floor(package, ours[place]) <= floor(package, theirs[place])


@pytest.mark.parametrize("package", FLOORS)
def test_the_plan_names_every_file_once(package):
    prefix = f"{package}." if package else ""
    there = {name.removeprefix(prefix).split(".")[0] for name in MODULES if name.startswith(prefix) and name != package}
    assert sorted(re.findall(r"\w+", FLOORS[package])) == sorted(there)


def test_every_package_has_a_plan():
    assert set(PACKAGES) == set(FLOORS) - {""}


def test_no_import_climbs():
    upward = {(name, other) for name in MODULES for other in imports_of(name)[0] if climbs(name, other)}
    assert not upward


def test_types_alone_may_look_up_where_it_is_said():
    assert {(name, other) for name in MODULES for other in imports_of(name)[1] if climbs(name, other)} == TYPES_ONLY


def test_climbing_is_noticed():
    """Imports up, sideways and of the own package are noticed; down, and from a package into itself, they are allowed."""
    assert climbs("models.costs", "cam.compare")
    assert climbs("cam.figures.drawing", "cam.comparison")
    assert climbs("ui.pages.export.page", "ui.pages.compare.controls")
    assert climbs("cam.maps.cells", "cam")
    assert not climbs("cam.compare", "cam.maps.layers")
    assert not climbs("cam", "cam.compare")
    assert not climbs("ui.session", "cam")


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_opens_with_a_list_of_its_files(package):
    folder = MODULES[package].parent
    listed = set(re.findall(r"^(\w+(?:\.\w+|/)) +\S", ast.get_docstring(TREES[package]) or "", re.MULTILINE))
    files = {path.name for path in folder.glob("*.py") if not path.name.startswith("__")}
    rooms = {f"{path.parent.name}/" for path in folder.glob("*/__init__.py")}
    assert files | rooms <= listed
    assert not [entry for entry in listed if not (folder / entry).exists()]


@pytest.mark.parametrize("name", MODULES)
def test_no_relative_import_hides_a_direction(name):
    assert not [node for node in ast.walk(TREES[name]) if isinstance(node, ast.ImportFrom) and node.level]


@pytest.mark.parametrize("name", MODULES)
def test_only_the_app_knows_streamlit_and_nothing_uses_its_caches(name):
    """Anybody who can send Streamlit's server a message can empty its caches; ``ui.shared`` has one of its own."""
    nodes = list(ast.walk(TREES[name]))
    if name.split(".")[0] not in ("app", "ui"):
        assert "streamlit" not in {one.split(".")[0] for node in nodes for one in imported(node)}
    used = {getattr(node, "attr", None) or getattr(node, "name", None) for node in nodes}
    assert not {"cache_data", "cache_resource"} & used
