# SPDX-License-Identifier: MIT
# The table of contents: what one can ask of this repository. `make demo` and `make test` need nothing done before.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo test check format firmware hardware lock clean

bin := .venv/bin
# Hand-written C++; clang-tidy reads the headers through the sources of the portable part.
cpp = $(shell find firmware model tests -name generated -prune -o \( -name '*.h' -o -name '*.cpp' \) -print)
portable = $(wildcard firmware/core/*.cpp firmware/engines/static/*.cpp)

# PlatformIO is not to call home, nor to look for a newer self.
export PLATFORMIO_SETTING_ENABLE_TELEMETRY := No
export PLATFORMIO_DISABLE_UPGRADE_CHECK := true

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' $(MAKEFILE_LIST) | expand -t 18

demo: setup ## the whole chain on recorded audio, then a report to look at and listen to
	$(bin)/gritspace demo

test: check firmware ## everything is checked: linters, both firmware builds, the tests
	$(bin)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder --durations 15

setup: ## install what is missing (Debian packages, .venv); demo and test do this first
	@host_tools/setup.sh

check: setup ## linters, types, layout and who imports whom
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/mypy
	$(bin)/lint-imports
	$(bin)/clang-format --dry-run --Werror $(cpp)
	@echo "clang-tidy on $(words $(portable)) sources"
	@printf '%s\n' $(portable) | xargs -P "$$(nproc)" -I{} $(bin)/clang-tidy --quiet {} -- -std=c++17 -Ifirmware

format: setup ## lay out Python and C++ as `make check` wants them
	$(bin)/ruff check --fix
	$(bin)/ruff format
	$(bin)/clang-format -i $(cpp)

firmware: setup ## build the host library and the emulated Cortex-M7's firmware
	$(bin)/pio run --silent

hardware: setup ## draw, lay out, export and check the module's board; plant every fault
	$(bin)/python -m hardware.build
	$(bin)/python -m hardware.check
	$(bin)/python -m hardware.faults --markdown hardware/docs/planted_faults.md

lock: setup ## resolve the dependencies of pyproject.toml afresh, write requirements.lock
	host_tools/lock.sh

clean: ## remove what was built; .venv stays
	rm -rf build .pio
