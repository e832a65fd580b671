"""Liveness: whether the blocks and channels that were added to a network do anything.

channels.py  accumulated covariance of channels: twins, constant channels and dimensions
removal.py   the network's answers without some of its blocks
measure.py   one pass over photographs: what blocks add, what changes without them, how channels vary
report.py    the results as a table and as sentences
command.py   python -m models liveness
"""

from models.liveness.measure import Liveness, StageLiveness, measure_liveness
from models.liveness.removal import Removal
from models.liveness.report import liveness_sentences, liveness_table

__all__ = ["Liveness", "Removal", "StageLiveness", "liveness_sentences", "liveness_table", "measure_liveness"]
