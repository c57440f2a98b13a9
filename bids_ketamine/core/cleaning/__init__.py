"""Cleaning of resting-state series: censoring, nuisance models, band-pass, signal quality."""
