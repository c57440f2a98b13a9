"""Run the app with ``python -m bids_ketamine``."""

import sys

from bids_ketamine.cli.run import main

if __name__ == "__main__":
    sys.exit(main())
