"""How good a model is: metrics with intervals, baselines, mistakes, comparisons."""
