"""Liveness: whether the blocks and channels that were added to a network do anything.

channels.py  covariance of channels, accumulated; twins, constant channels and dimensions in it
removal.py   what the network answers without some of its blocks
measure.py   one pass over photographs: what blocks add, what changes without them, how channels vary
report.py    a table, sentences and JSON of what was found
command.py   python -m models liveness
"""

from models.liveness.measure import Liveness, StageLiveness, measure_liveness
from models.liveness.removal import Removal
from models.liveness.report import liveness_sentences, liveness_table

__all__ = ["Liveness", "Removal", "StageLiveness", "liveness_sentences", "liveness_table", "measure_liveness"]
