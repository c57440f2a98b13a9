"""Dynamic causal models of fMRI: bilinear, deterministic, one neuronal state a region.

Functions of arrays that need NumPy and SciPy alone::

    structure, priors       which parameters there are, and what is expected of them
    state_equation          neuronal and haemodynamic states, BOLD signal
    bilinear, integration   the scheme that predicts series, many parameter sets at once
    schedule                when inputs change and regions are sampled
    variational_laplace     posterior, free energy (laplace_model: the model it sees)
    estimation              a model of one or several runs, estimated
    restart                 a second beginning where the first has stalled
    intervals               SPM12's intervals, and calibrated ones
    simulation              series of given parameters
    summary                 probabilities, correlations, explained variance
"""
