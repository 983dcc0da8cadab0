"""`python -m pagehop.apps` is `pagehop`."""

import sys

from pagehop.apps.cli import main

sys.exit(main())
