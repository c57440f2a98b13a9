"""Matching of patients and controls: who is paired with whom, and how alike the groups are then."""
