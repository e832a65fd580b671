"""Evaluation: photographs in, numbers with intervals and verdicts on the paper's claim out.

measurements.py  what is measured on each photograph and mosaic
tasks.py         a folder of photographs in resumable portions
few.py           a few photographs at hand, in memory
statistics.py    means and paired differences with intervals
report.py        rows of numbers -> a report
rows.py          what a report keeps of the single photographs
table.py         a report as Markdown
verdicts.py      what a report says of the claim
checks.py        is the method itself to be trusted?
shipped.py       the reports that come with the project, in reports/
command.py       python -m cam evaluate
"""
