"""Reliability of measures over sessions between which nothing was done."""
