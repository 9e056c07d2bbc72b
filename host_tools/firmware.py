# SPDX-License-Identifier: MIT
"""Builds the firmware through PlatformIO when what is there is older than its sources.

Depends on PlatformIO being installed in this interpreter, and on the machine's compilers.
"""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from host_tools.errors import UserError
from host_tools.files import REPOSITORY

SOURCES = REPOSITORY / "firmware"
GENERATED = SOURCES / "generated"
MODELS = REPOSITORY / "quantize"  # has folders of models for the engine tflm, unless GRITSPACE_MODELS names one
BUILDS = REPOSITORY / ".pio" / "build"
EMULATED = ("host", "qemu_m7", "qemu_m7_compact", "qemu_m7_tflm")  # run on this machine
MODULES = ("daisy_seed", "daisy_patch", "patch_init", "daisy_seed_tflm")  # are flashed


def build_firmware(env: str, generated_dir: Path | None = None, build_dir: Path | None = None) -> Path:
    """The library or image of this PlatformIO environment, built afresh if need be.

    `generated_dir` holds another model's C++ (see quantize.emit); it needs a `build_dir` of its own, which must be a
    new folder or one that was given here before: PlatformIO empties it when the project changes.
    """
    if (generated_dir is None) != (build_dir is None):
        raise ValueError("another model needs a build folder of its own, and only another model does")
    generated, builds = (generated_dir or GENERATED).resolve(), (build_dir or BUILDS).resolve()
    artefact = builds / env / ("libgritspace.so" if env == "host" else "firmware.elf")
    models, built_with = os.environ.get("GRITSPACE_MODELS", ""), artefact.with_name("models")
    with _locked():
        other_models = env.endswith("tflm") and (not built_with.exists() or built_with.read_text() != models)
        if other_models or not artefact.exists() or artefact.stat().st_mtime < _newest_source(generated):
            _build(env, generated, builds)
            os.utime(artefact)  # SCons leaves it alone when the sources' contents are what they were
            built_with.write_text(models)
    return artefact


@contextmanager
def _locked() -> Iterator[None]:
    """One build at a time in this checkout: PlatformIO has no lock of its own."""
    BUILDS.parent.mkdir(exist_ok=True)
    with open(BUILDS.parent / "build.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _newest_source(generated: Path) -> float:
    settings = [REPOSITORY / "platformio.ini", REPOSITORY / "pyproject.toml"]
    given = os.environ.get("GRITSPACE_MODELS")
    models = Path(given).glob("*/decoder.tflite") if given else MODELS.glob("*/*/decoder.tflite")
    files = [*settings, *models, *SOURCES.rglob("*"), *generated.rglob("*")]
    return max(path.stat().st_mtime for path in files if path.is_file() and "__pycache__" not in path.parts)


def _build(env: str, generated: Path, builds: Path) -> None:
    command = [sys.executable, "-m", "platformio", "run", "--silent", "-e", env, "-d", str(REPOSITORY)]
    environment = {
        **os.environ,
        "GRITSPACE_GENERATED": str(generated),
        "PLATFORMIO_BUILD_DIR": str(builds),
        "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "No",
        "PLATFORMIO_DISABLE_UPGRADE_CHECK": "true",
    }
    finished = subprocess.run(command, env=environment, capture_output=True, text=True)
    if finished.returncode != 0:
        lines = (finished.stdout + finished.stderr).strip().splitlines()
        told = [line for line in lines if line.startswith("error: ")]  # by firmware/platformio, with a remedy
        if told:
            raise UserError(told[0].removeprefix("error: "))
        if too_large := re.search(r"region `FLASH' overflowed by (\d+) bytes", "\n".join(lines)):
            raise UserError(
                f"the {env} firmware is {too_large[1]} bytes too large for the flash; build libDaisy with make OPT=-Os"
            )
        errors = [line for line in lines if "error" in line.lower()] or lines or ["no message"]
        raise UserError(f"the {env} firmware does not build: {errors[0].strip()}; run pio run -e {env} to see all")
