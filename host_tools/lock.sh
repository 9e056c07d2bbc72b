#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Writes requirements.lock: resolves the dependencies that pyproject.toml names in a fresh environment under build/ and
# lists what came. Needs the network; .venv stays as it is until the next set-up.
set -euo pipefail
cd -P "$(dirname "${BASH_SOURCE[0]}")/.."

.venv/bin/python -m venv --clear build/lock
python=build/lock/bin/python
"$python" - >build/lock/names.txt <<'EOF'
import tomllib

with open("pyproject.toml", "rb") as file:
    project = tomllib.load(file)["project"]
print(*project["dependencies"], *project["optional-dependencies"]["dev"], sep="\n")
EOF
# PyTorch first and alone, as in setup.sh.
"$python" -m pip install -qq "$(grep '^torch==' build/lock/names.txt)"
"$python" -m pip install -qq --requirement build/lock/names.txt
{
  echo "# SPDX-License-Identifier: MIT"
  echo "# Written by \`make lock\` from pyproject.toml: every Python package of .venv, with its exact version."
  # A build's label after the plus sign (torch 2.13.0+cpu) is the index's, not the version's.
  "$python" -m pip freeze --all --exclude pip | sed 's/+.*//'
} >build/lock/requirements.lock
mv build/lock/requirements.lock requirements.lock
