# SPDX-License-Identifier: MIT
"""Who may import whom: the contracts of pyproject.toml hold, and each of them notices when it is broken."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")
PACKAGES = ("model", "quantize", "host_tools", "hardware")
FORBIDDEN = [
    ("model/vae.py", "import quantize.graph", "model imports nothing of ours"),
    ("model/effects.py", "from host_tools import audio", "model imports nothing of ours"),
    ("quantize/graph.py", "from host_tools import errors", "quantize knows nothing of the bench"),
    ("quantize/golden.py", "import torch", "only five modules of quantize reach torch"),
    ("quantize/tflite.py", "from model import config", "only five modules of quantize reach torch"),
    ("quantize/emit.py", "from quantize import qat", "the stages before the .tflite"),
    ("host_tools/parity.py", "import torch", "host_tools never reach torch"),
    ("host_tools/render.py", "from model import effects", "host_tools never reach torch"),
    ("host_tools/report.py", "from quantize import lower", "the stages before the .tflite"),
    ("host_tools/witness.py", "from host_tools import learning", "the stages before the .tflite"),
    ("host_tools/device.py", "from quantize import emit", "generated C++"),
    ("hardware/check.py", "from host_tools import errors", "hardware imports nothing of ours"),
    ("host_tools/device.py", "from hardware.gen import pins", "nobody imports hardware"),
]


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """import-linter on the packages in `folder`; it prefers these to the installed ones."""
    return subprocess.run([LINT_IMPORTS, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(repository: Path, tmp_path: Path) -> Path:
    """The Python sources and their contracts, to be spoilt."""
    for source in [
        repository / "pyproject.toml",
        *(file for name in PACKAGES for file in (repository / name).rglob("*.py")),
    ]:
        target = tmp_path / source.relative_to(repository)
        target.parent.mkdir(exist_ok=True)
        shutil.copy(source, target)
    return tmp_path


def test_contracts_hold(repository: Path) -> None:
    result = lint_imports(repository)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("file", "line", "contract"), FORBIDDEN, ids=[f"{file}: {line}" for file, line, _ in FORBIDDEN]
)
def test_forbidden_import_is_noticed(copy: Path, file: str, line: str, contract: str) -> None:
    with (copy / file).open("a") as source:
        source.write(f"\n{line}\n")
    result = lint_imports(copy)
    broken = [row for row in result.stdout.splitlines() if " BROKEN" in row]
    assert result.returncode == 1
    assert any(row.startswith(contract) for row in broken), result.stdout
