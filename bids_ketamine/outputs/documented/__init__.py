"""What every output file holds: the source of docs/outputs.md, which tests compare with outputs."""
