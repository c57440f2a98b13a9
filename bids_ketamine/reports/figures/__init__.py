"""Pictures of the reports: numbers in, markup out."""
