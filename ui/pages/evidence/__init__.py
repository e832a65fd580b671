"""The page Evidence: do the maps support the paper's claim?

words.py             how the page names arms, numbers, and the answer in a sentence
data.py              photographs that a report speaks of
charts.py            charts of a report
verdicts.py          the answer: one sentence, one picture
numbers.py           measurements with their controls, networks against each other
steps.py             how we know, step by step
photographs.py       how each image scored
mosaics.py           the grid pointing game to look at
deletion.py          deletion and insertion, step by step
your_photographs.py  an evaluation on demand
page.py              the page
"""
