"""``python -m bids_ketamine.cli.reference`` writes the pages into ``docs/``."""

import sys

from bids_ketamine.cli.reference.pages import main

sys.exit(main())
