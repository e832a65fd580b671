"""What is compared: the study's variants, each with all its trainings, and controls that show what a gain is worth."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

from cam.measures.randomisation import control_seed, random_network
from models.engine import PYTORCH
from models.network import Network
from models.studies import baseline_of

VARIANT, AT_SIZE, CONTROL, RANDOM, CHANCE = ROLES = ("variant", "at size", "control", "random", "chance")
GAUSSIAN = "centred Gaussian"
DRAWS = 3  # of random weights, each measured on every third image
SUBJECT = "compound"


@dataclass(frozen=True)
class Contender:
    """A variant or control.

    Attributes:
        label: for people.
        role: one of ``ROLES``.
        of: the variant that it is, whose input size it gets, or whose architecture it has; "" for other controls.
        trainings: name -> network; the draws for random weights; empty for the centred Gaussian.
    """

    label: str
    role: str
    of: str
    trainings: Mapping[str, Network]


@dataclass(frozen=True)
class Contenders:
    """Everything that an evaluation measures, by name of the arm."""

    arms: Mapping[str, Contender]

    @property
    def baseline(self) -> str:
        """The variant that the others are compared with."""
        return baseline_of(self.variants)

    @property
    def subject(self) -> str:
        """The variant that the statements are about: compound, else the last."""
        return SUBJECT if SUBJECT in self.variants else list(self.variants)[-1]

    @property
    def variants(self) -> dict[str, Network]:
        """The study's own networks, the first training of each."""
        return {key: next(iter(arm.trainings.values())) for key, arm in self.arms.items() if arm.role == VARIANT}

    @cached_property
    def trained(self) -> dict[str, Network]:
        """Every network but the random ones, by name of the training."""
        known = [arm for arm in self.arms.values() if arm.role != RANDOM]
        return {name: network for arm in known for name, network in arm.trainings.items()}

    def random(self, turn: int) -> dict[str, Network]:
        """The draw of random weights whose turn it is, for every architecture that has draws."""
        draws = [list(arm.trainings.items()) for arm in self.arms.values() if arm.role == RANDOM]
        return dict(one[turn % len(one)] for one in draws)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Trainings whose maps are compared: variants, trainings of one variant, and controls with the baseline."""
        found = list(combinations(self.variants, 2))
        for arm in self.arms.values():
            if arm.role == VARIANT:
                found += combinations(arm.trainings, 2)
            elif arm.role in (AT_SIZE, CONTROL):
                found.append((self.baseline, next(iter(arm.trainings))))
        return found


def contenders(
    variants: Mapping[str, Network],
    seeds: Mapping[str, Mapping[str, Network]] | None = None,
    controls: Mapping[str, Mapping[str, Network]] | None = None,
    draws: int = DRAWS,
) -> Contenders:
    """The arms of an evaluation.

    Args:
        variants: the study's networks.
        seeds: variant -> name -> the same variant trained from another seed.
        controls: name -> trainings of another network to set beside them.
        draws: number of draws of random weights for the baseline's and the subject's architecture; 0 leaves them out.
    """
    seeds, baseline = seeds or {}, baseline_of(variants)
    arms = {
        key: Contender(network.label, VARIANT, key, {key: network, **seeds.get(key, {})})
        for key, network in variants.items()
    }
    arms |= _at_sizes(variants, arms[baseline], Contenders(arms).subject)
    for key, trainings in (controls or {}).items():
        arms[key] = Contender(key.capitalize().replace("_", " "), CONTROL, "", dict(trainings))
    known = Contenders(arms)
    for key in {known.baseline: 0, known.subject: 0} if draws else ():
        arms[f"random {key}"] = _random(key, variants[key], draws)
    return Contenders(arms | {GAUSSIAN: Contender("Centred Gaussian", CHANCE, "", {})})


def at_size(network: Network, side: int) -> Network:
    """The same weights at another input size, which shows what more pixels alone do."""
    if side == network.scaling.input_size:
        return network
    other = Network(
        network.model,
        scaling=replace(network.scaling, resolution=side),
        family=network.family,
        categories=network.categories,
        label=f"{network.label} at {side} px",
        provenance=network.provenance,
        note=network.note,
        normalisation=network.normalisation,
        placement=network.placement,
        device=network.device,
    )
    if network.engine == PYTORCH:
        other.__dict__["_inference_copy"] = network._inference_copy  # the same weights: no second copy
    return other


def _at_sizes(variants: Mapping[str, Network], baseline: Contender, subject: str) -> dict[str, Contender]:
    """The baseline's weights at every other variant's input size; at the subject's, which decides, with all trainings."""
    own = next(iter(baseline.trainings.values())).scaling.input_size
    sizes = {network.scaling.input_size: key for key, network in variants.items() if key != subject}
    sizes |= {variants[subject].scaling.input_size: subject}
    found = {}
    for side, key in sorted(sizes.items()):
        chosen = list(baseline.trainings.items())[: None if key == subject else 1]
        trainings = {f"{name} at {side}": at_size(network, side) for name, network in chosen}
        label = f"{baseline.label}’s weights at {side} px"
        found[f"{baseline.of} at {side}"] = Contender(label, AT_SIZE, key, trainings)
    return {key: arm for key, arm in found.items() if not key.endswith(f" at {own}")}


def _random(key: str, network: Network, draws: int) -> Contender:
    trainings = {f"random {key} {draw + 1}": random_network(network, control_seed(draw)) for draw in range(draws)}
    return Contender(f"{network.label}, random weights", RANDOM, key, trainings)
