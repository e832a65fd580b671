"""Batch export: a folder of photographs in, a folder of figures out, nothing lost.

items.py      what is exported, and under which names
keys.py       what an image's files depend on, as one hash
reading.py    bytes -> what the networks take in, in threads
looking.py    a padded batch through every network
rendering.py  files of one image, in processes of their own
rows.py       predictions and measurements of one image
ledger.py     what is done, one line an image
pipeline.py   all of these at once, with bounded queues
index.py      predictions, contact sheet and gallery, once everything is done
command.py    python -m cam export
"""
