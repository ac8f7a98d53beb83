"""Runs as `python -m graders.calibration [TASK …]`."""

import sys

from graders.calibration.calibrate import main

if __name__ == "__main__":
    sys.exit(main())
