"""What the EfficientNet paper printed, to show and to compare with; no results are computed from it.

tables.py   its numbers, from tables.toml
figure7.py  the ten maps of its Figure 7, from figure7.json
"""
