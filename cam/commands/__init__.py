"""Commands: python -m cam compare | render | export | evaluate | bench; ``argparse`` ends here.

options.py     options that every command shares: a study and its networks
compare.py     compare and render
export.py      export
evaluate.py    evaluate
peers.py       what the benchmark times: our maps, other libraries', bare forward passes
timing.py      times of contenders that take turns, and the ratios in them
bench.py       bench
"""
