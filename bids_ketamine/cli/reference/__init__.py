"""Pages of reference that are generated from the code: flags, exit codes, output files."""
