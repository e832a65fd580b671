"""Measures: numbers that say something about maps; arrays in, numbers out.

masks.py          instance masks, as a view shows them
mask_scores.py    how well one map finds the objects that a mask outlines
mask_sources.py   boxes, outlines and PNGs of other data sets, by photograph
matlab.py         matrices in MATLAB's files
coco.py           masks from COCO's JSON
outlines.py       COCO's polygons and run lengths become pixels
pointing.py       mosaics: on which tile the evidence lies, and whether all four objects are found
similarity.py     maps of one network compared with another's, and how concentrated a map is
imputation.py     fill missing pixels from their surroundings
perturbation.py   deletion, insertion, ROAD: does the network rely on what the map shows?
randomisation.py  does a map change when the network forgets what it learned?
"""
