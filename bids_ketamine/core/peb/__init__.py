"""Parametric empirical Bayes: groups of models, groups of groups, and their comparison.

Takes the posteriors of models that were estimated one by one, of participants or sessions, and
asks what they have in common, how they differ, and which parameters a model can do without. No
data are fitted again: a model under another prior follows from its posterior.
"""
