"""Measure the placement of networks that record none before they are scored: a map drawn beside its place loses every score."""

from collections.abc import Mapping, Sequence

from cam.evaluation.sampling import spread_over_classes
from cam.evaluation.scoring import Scored
from models.commands import say
from models.images import open_image
from models.mirror_test import measure_placement
from models.network import Network
from models.placement import NOMINAL

PHOTOGRAPHS = 100  # enough for a standard error of about a pixel


def placed(networks: Mapping[str, Network], photographs: Sequence[Scored], view: str) -> dict[str, Network]:
    """The same networks; those without a measured placement get one from the mirror test, which needs no labels.

    Nominal centres are 12 to 15 pixels off on trained networks: a seed or control without placement loses 0.03 of AUROC
    beside a shipped network, which is more than the effect of scaling. Where the test cannot tell, a network keeps its
    nominal centres, and a line on standard error says so.

    Args:
        networks: by name; those that lack a placement are changed in place.
        photographs: a sample of them, spread over classes, is used.
        view: of the maps.
    """
    names, classes = [one.name for one in photographs], [one.cluster for one in photographs]
    rows = spread_over_classes(names, classes, PHOTOGRAPHS)
    for key, network in networks.items():
        if network.placement == NOMINAL:
            try:
                inputs = (network.transform(open_image(photographs[row].path), view) for row in rows)
                network.placement = measure_placement(network, inputs)
                say(f"{key} records no placement; measured: {network.placement}")
            except ValueError as error:
                say(f"{key} records no placement and keeps its nominal centres: {error}")
    return dict(networks)
