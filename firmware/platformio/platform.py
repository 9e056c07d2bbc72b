# SPDX-License-Identifier: MIT
"""The project's PlatformIO platform: compilers from the machine, nothing from PlatformIO's registry.

Depends on PlatformIO Core. What is built, and how, is in builder/main.py.
"""

import importlib.util
from pathlib import Path

from platformio.dependencies import get_core_dependencies
from platformio.package.meta import PackageSpec
from platformio.platform.base import PlatformBase

SCONS_WRAPPER = Path(__file__).resolve().parent / "tool-scons"


class GritspacePlatform(PlatformBase):
    def configure_default_packages(self, options, targets):
        """Adds the one tool that PlatformIO itself builds with, SCons.

        The registry's package is used where it is installed. Elsewhere, if this interpreter has PyPI's SCons, that one
        is, through a link. The package must have an owner, or PlatformIO asks the registry for it.
        """
        version = get_core_dependencies()["tool-scons"]
        registry = PackageSpec(owner="platformio", name="tool-scons", requirements=version)
        if not self.pm.get_package(registry) and importlib.util.find_spec("SCons"):
            self.packages["tool-scons"] = {"owner": "platformio", "version": f"symlink://{SCONS_WRAPPER}"}
        return super().configure_default_packages(options, targets)
