"""The page Evidence: do the maps support the paper's claim?

words.py             names of arms, formats of numbers, and the answer in a sentence
data.py              photographs of a report
charts.py            charts of a report
verdicts.py          the answer: one sentence, and a chart for each statement
numbers.py           measurements with their controls, networks compared in pairs
steps.py             how we know, step by step
photographs.py       how each image scored
mosaics.py           the grid pointing game on a mosaic
deletion.py          deletion and insertion, step by step
your_photographs.py  an evaluation on demand
page.py              the page
"""
