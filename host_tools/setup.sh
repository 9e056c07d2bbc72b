#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what the project needs: Debian packages (as root or through sudo), and .venv with the versions of
# requirements.lock. Skips what is there, so a second run is quick and needs no network. Builds nothing.
set -euo pipefail
cd -P "$(dirname "${BASH_SOURCE[0]}")/.."

debian_packages=(
  g++                                             # the engine on this computer
  gcc-arm-none-eabi                               # the engine on the Cortex-M7
  libnewlib-arm-none-eabi
  libstdc++-arm-none-eabi-newlib
  ccache                                          # tests compile the same sources many times
  qemu-system-arm                                 # the emulated Cortex-M7
  llvm                                            # llvm-mca, for `gritspace bench`
  sonic-pi-samples                                # recorded instruments, only ever measured on
  fluidsynth                                      # sampled instruments to learn on: the player
  timgm6mb-soundfont                              # and the samples
  guitarix-lv2                                    # third-party circuits: pedals
  mda-lv2                                         # an overdrive
  swh-plugins                                     # folders, valves, diodes
  caps                                            # amplifiers
  tap-plugins                                     # a tube
  lilv-utils                                      # plays the LV2 ones
  ngspice                                         # simulates the module's board
)
# Draws and checks the module's board. Version 9, which Debian 12 has among its backports only.
kicad_packages=(kicad kicad-symbols kicad-footprints)
venv=$PWD/.venv
stamp=$venv/setup-is-done-for

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# The first interpreter that is new enough and can make a virtual environment (Debian's cannot without python3-venv).
find_python() {
  local candidate
  for candidate in python3.11 python3.12 python3.13 python3; do
    if "$candidate" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

missing_packages() {
  local package
  for package; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed* ]] || echo "$package"
  done
}

# What to put before a command that needs root: nothing, or sudo. Fails where neither will do.
become_root() {
  if [[ $(id -u) == 0 ]]; then
    return 0
  elif sudo -n true 2>/dev/null; then
    echo sudo -n
  elif [[ -t 0 ]] && command -v sudo >/dev/null; then
    echo sudo
  else
    return 1
  fi
}

install_debian_packages() {
  command -v dpkg-query >/dev/null || fail "this computer has no dpkg; install the equivalents of: ${debian_packages[*]}"
  find_python >/dev/null || debian_packages+=(python3 python3-venv)
  local missing root
  missing=$(missing_packages "${debian_packages[@]}" | tr '\n' ' ')
  [[ -n $missing ]] || return 0
  if ! root=$(become_root); then
    fail "Debian packages are missing and this user cannot install them; as root, run this line, then start again:
  apt-get update && apt-get install -y --no-install-recommends ${missing% }"
  fi
  say "installing Debian packages: ${missing% }"
  # shellcheck disable=SC2086  # both are lists of words
  $root apt-get -qq update || say "apt-get update failed; trying with the package lists that are here"
  # shellcheck disable=SC2086
  $root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $missing >/dev/null
}

# KiCad is the one thing that may be missing: without it the tests of hardware/ are skipped and say so. The computer's
# own list of package sources stays as it is; Debian 12's backports are added for this command alone.
install_kicad() {
  [[ -n $(missing_packages "${kicad_packages[@]}") ]] || return 0
  local root sources site suite=bookworm-backports keys=/usr/share/keyrings/debian-archive-keyring.gpg
  local skipped="the tests of hardware/ will be skipped"
  root=$(become_root) || { say "KiCad 9 is missing and this user cannot install it; $skipped"; return 0; }
  site=$(apt-get indextargets --format '$(SITE)' 'Codename: bookworm' 'Created-By: Packages' 2>/dev/null | head -n 1)
  [[ -n $site ]] || { say "KiCad 9 is missing and this is not Debian 12, install it by hand; $skipped"; return 0; }
  sources=$(mktemp -d)
  chmod 755 "$sources"
  cp /etc/apt/sources.list.d/* "$sources" 2>/dev/null || true
  echo "deb [signed-by=$keys] $site $suite main" >"$sources/$suite.list"
  say "installing KiCad 9 from $suite (140 MB)"
  # shellcheck disable=SC2086  # $root is a list of words
  if $root apt-get -qq update -o Dir::Etc::SourceParts=/dev/null \
      -o "Dir::Etc::SourceList=$sources/$suite.list" -o APT::Get::List-Cleanup=0 >/dev/null 2>&1 &&
    $root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends -t "$suite" \
      -o "Dir::Etc::SourceParts=$sources" "${kicad_packages[@]}" >/dev/null 2>&1; then
    say "KiCad is installed"
  else
    say "KiCad 9 could not be installed from $suite; $skipped"
  fi
  rm -rf "$sources"
}

install_python_packages() {
  local python inputs
  inputs=$(cat requirements.lock pyproject.toml host_tools/setup.sh | sha256sum)
  # Scripts inside an environment carry its path, so one that was moved here is made anew.
  if ! grep -qsF -- "$venv" "$venv/pyvenv.cfg" || ! "$venv/bin/python" -c 'import pip' 2>/dev/null; then
    python=$(find_python) || fail "no Python 3.11 or newer here, and this Debian release has none to install"
    say "making .venv with $python"
    "$python" -m venv --clear "$venv"
  elif [[ $inputs == "$(cat "$stamp" 2>/dev/null)" ]]; then
    return 0
  fi
  local pip=("$venv/bin/python" -m pip --disable-pip-version-check -qq)
  # PyTorch comes first, alone and by its version, so that pip takes the build for the CPU where it is offered one.
  say "installing PyTorch"
  "${pip[@]}" install "$(grep '^torch==' requirements.lock)" --constraint requirements.lock
  if "${pip[@]}" list --format freeze | grep -E '^(nvidia-|cuda-|triton|pytorch-triton)' >&2; then
    fail "PyTorch brought the CUDA packages above. Let pip find its build for the CPU (PIP_FIND_LINKS or
  PIP_EXTRA_INDEX_URL), remove .venv, then start again."
  fi
  say "installing the packages of requirements.lock"
  "${pip[@]}" install --requirement requirements.lock
  "${pip[@]}" install --no-deps --no-build-isolation --editable .
  echo "$inputs" >"$stamp"
  say "done"
}

install_debian_packages
install_kicad
install_python_packages
