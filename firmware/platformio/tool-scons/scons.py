# SPDX-License-Identifier: MIT
"""What PlatformIO runs as SCons: PyPI's, from the interpreter that runs PlatformIO. Depends on nothing else."""

import sys

try:
    from SCons.Script.Main import main
except ImportError:
    sys.exit(f"error: {sys.executable} has no SCons; run `make setup`")

sys.exit(main())
