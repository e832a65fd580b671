"""Batch export: a folder of photographs in, a folder of figures out, nothing lost.

items.py      what is exported, and under which names
keys.py       what an image's files depend on, as one hash
reading.py    bytes -> views of photographs, in threads
looking.py    a padded batch through every network
rendering.py  files of one image, in separate processes
rows.py       predictions and measurements of one image
ledger.py     a record of what is done, one line for each image
locking.py    keeps two exports from working in the same folder
pipeline.py   runs all of these at the same time, with bounded queues
index.py      predictions, contact sheet and gallery, once everything is done
gallery.py    index.html, which needs no server and no network
leftovers.py  files of photographs that are no longer exported
zipping.py    an export as one ZIP
"""
