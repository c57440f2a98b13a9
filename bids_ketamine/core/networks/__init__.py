"""Networks of regions: tests of every edge, of connected sets of edges, and means over edges.

An edge is a pair of regions. Edges stand in the order of the upper triangle of the matrix, row by
row, as in :func:`~bids_ketamine.core.connectivity.matrices.pair_indices`::

    edges                     matrices to edges and back
    edge_statistics           a t test of every edge, false discovery rate, edges below a threshold
    network_based_statistic   connected sets of strong edges, tested by permutation
    permutations              which signs are flipped, which labels are shuffled
    permuted_t                t of every edge under many permutations at once
    components                connected sets of edges, their extent and intensity
    network_means             means over the edges within a network or between two
"""
