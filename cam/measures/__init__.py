"""Measures: numbers that say something about maps; arrays in, numbers out.

masks.py          instance masks, as a view shows them
mask_scores.py    how well one map finds the objects that a mask outlines
mask_sources.py   boxes, outlines and PNGs from others, by photograph
coco.py           masks from COCO's JSON
pointing.py       mosaics: whose tile the evidence lies on, and whether four objects are all found
similarity.py     maps of one network against another's, and how concentrated a map is
imputation.py     fill missing pixels from their surroundings
perturbation.py   deletion, insertion, ROAD: does the network rely on what the map shows?
randomisation.py  does a map change when the network forgets what it learned?
"""
