"""Evaluation: photographs in, numbers with intervals and verdicts on the paper's claim out.

registry.py       the one table of measurements, and which of them decides
records.py        typed records: rows, findings, the report as JSON
contenders.py     variants in all their trainings, and controls
sampling.py       which photographs and mosaics, by a fixed rule
photographs.py    photographs of a folder with what is known about their objects
placing.py        measures the placement of networks that record none
scoring.py        what is measured on each photograph and mosaic
tasks.py          the work in resumable portions
in_memory.py      a few photographs in memory, with progress
statistics.py     intervals over classes and photographs, a test that knows trainings
report.py         rows of numbers -> a report
verdicts.py       what a report says about the claim
table.py          a report as Markdown
checks.py         is the method itself to be trusted?
deletion_film.py  one photograph, damaged step by step, to look at
pointing_game.py  one round of the grid pointing game, to look at
shipped.py        the reports that come with the project, in reports/
"""
