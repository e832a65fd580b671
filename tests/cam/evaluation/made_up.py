"""Made-up rows of an evaluation: four variants, further seeds and controls, whose scores are given."""

from types import SimpleNamespace

import numpy as np

from cam.evaluation.contenders import AT_SIZE, CHANCE, CONTROL, GAUSSIAN, RANDOM, VARIANT, Contender, Contenders
from cam.evaluation.records import About, Report, Row
from cam.evaluation.registry import OWN, PAIRS, PRIMARY, READINGS
from cam.evaluation.report import build_report
from cam.question import QUESTION

ABOUT = About("Made up", "made-up", "nowhere", "All of them.", "")
VARIANTS = ("baseline", "depth", "compound")
CLASSES = 8


def network(key: str) -> SimpleNamespace:
    return SimpleNamespace(
        label=key.capitalize(),
        provenance="made up",
        note="",
        family="b",
        fingerprint=key,
        engine="pytorch",
        scaling=SimpleNamespace(input_size=224),
        cell_offset=lambda: (0.0, 0.0),
    )


def made_up_arms(seeds: int = 1) -> Contenders:
    arms = {
        key: Contender(
            key.capitalize(),
            VARIANT,
            key,
            {name: network(name) for name in (key, *(f"{key}-seed{row + 1}" for row in range(seeds)))},
        )
        for key in VARIANTS
    }
    arms["baseline at 300"] = Contender(
        "Baseline’s weights at 300 px", AT_SIZE, "compound", {"baseline at 300": network("baseline at 300")}
    )
    arms["resolution-300"] = Contender("Resolution-300", CONTROL, "", {"resolution-300": network("resolution-300")})
    arms["random compound"] = Contender(
        "Compound, random weights", RANDOM, "compound", {f"random compound {row}": network("r") for row in (1, 2)}
    )
    return Contenders(arms | {GAUSSIAN: Contender("Centred Gaussian", CHANCE, "", {})})


def made_up_rows(
    gains: dict[str, float],
    arms: Contenders,
    count: int = 40,
    common: float = 1.0,
    noise: float = 0.01,
    between: float = 0.0,
) -> list[Row]:
    """Every primary outcome on ``count`` photographs.

    Args:
        gains: arm or training -> how far its score is above 0.5, by default 0; random weights and the Gaussian score 0.2.
        arms: the arms that are measured.
        count: of photographs, of ``CLASSES`` classes.
        common: share of the gains that remains on the common grid.
        noise: each training's standard deviation over photographs.
        between: how far the second training of each variant is from the first.
    """
    generator, rows = np.random.default_rng(0), []
    for number in range(count):
        scores: dict = {name: {reading: {} for reading in READINGS} for name in PRIMARY.values()}
        for of_reading in scores.values():
            for reading, found in of_reading.items():
                for arm, one in arms.arms.items():
                    for training in one.trainings if arm != GAUSSIAN else [GAUSSIAN]:
                        chance = one.role in (RANDOM, CHANCE)
                        if chance and (
                            reading != OWN or (one.role == RANDOM and not training.endswith(str(1 + number % 2)))
                        ):
                            continue
                        gain = 0.2 - 0.5 if chance else gains.get(arm, 0.0) * (1 if reading == OWN else common)
                        found[training] = 0.5 + gain + noise * generator.normal() + between * ("seed" in training)
        pairs, floors = ({name: [value] * len(arms.pairs) for name in PAIRS} for value in (0.5, 0.3))
        rows.append(
            Row(
                names=[f"{number}.jpg"],
                cluster=f"class {number % CLASSES}",
                scores=scores,
                right=dict.fromkeys(arms.trained, number > 0),
                pairs=pairs,
                floors=floors,
            )
        )
    return rows


def made_up_report(gains: dict[str, float], seeds: int = 1, **options: float) -> Report:
    arms = made_up_arms(seeds)
    return build_report(made_up_rows(gains, arms, **options), [], arms, QUESTION, ABOUT)  # type: ignore[arg-type]
