# SPDX-License-Identifier: MIT
"""How the firmware is built: a shared library for the host, or an image for a board with a Cortex-M.

Run by PlatformIO inside SCons. Depends on g++ and arm-none-eabi-g++ being installed (`make setup`).
"""

import os
import tomllib
from pathlib import Path

from SCons.Script import Default, DefaultEnvironment

STACK_BYTES = 1024  # of one function; a warning, hence an error, when it needs more

env = DefaultEnvironment()
project = Path(env.subst("$PROJECT_DIR"))
source = Path(env.subst("$PROJECT_SRC_DIR"))


def link_generated_model() -> Path:
    """A folder in which `generated/` is the model to build: GRITSPACE_GENERATED, or firmware/generated.

    Headers that another model's folder lacks (the protocol is no part of a model) are still found in firmware/.
    """
    model = Path(os.environ.get("GRITSPACE_GENERATED") or source / "generated").resolve()
    if not model.is_dir():
        raise SystemExit(f"error: GRITSPACE_GENERATED is {model}, which is no folder")
    link = Path(env.subst("$BUILD_DIR")) / "include" / "generated"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink() or link.readlink() != model:
        link.unlink(missing_ok=True)
        link.symlink_to(model)
    return link.parent


include = link_generated_model()
version = tomllib.loads((project / "pyproject.toml").read_text())["project"]["version"]
env.Append(
    # In this order, or firmware/generated would hide another model. PlatformIO adds only those that are missing.
    CPPPATH=[str(include), str(source)],
    CPPDEFINES=[("GRITSPACE_VERSION", env.StringifyMacro(version))],
    CCFLAGS=[
        *("-O2", "-g", "-Wall", "-Wextra", "-Werror", f"-Wstack-usage={STACK_BYTES}"),
        "-ffp-contract=off",  # GCC would fuse multiply-add on the M7 and not on x86
        *("-ffunction-sections", "-fdata-sections"),
        f"-ffile-prefix-map={project}=.",  # two checkouts build the same image
    ],
    CXXFLAGS=["-std=c++17", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics"],
)


def configure_host() -> None:
    # Without the last flag, what templates define is one for the whole process, and a second model's library would
    # have the first one's tables.
    env.Append(CCFLAGS=["-fPIC", "-fno-gnu-unique"], LINKFLAGS=["-shared", "-Wl,-z,defs"])
    env.Replace(PROGNAME="libgritspace", PROGSUFFIX=".so")


def configure_cortex_m() -> None:
    board = env.BoardConfig()
    cpu = ["-mcpu=" + board.get("build.cpu"), "-mthumb", "-mfpu=" + board.get("build.fpu"), "-mfloat-abi=hard"]
    gcc = "arm-none-eabi-"
    env.Replace(
        AR=gcc + "gcc-ar",
        AS=gcc + "as",
        CC=gcc + "gcc",
        CXX=gcc + "g++",
        RANLIB=gcc + "gcc-ranlib",
        OBJCOPY=gcc + "objcopy",
        SIZETOOL=gcc + "size",
        PROGNAME="firmware",
        PROGSUFFIX=".elf",
        SIZECHECKCMD="$SIZETOOL -A -d $SOURCES",
        SIZEPROGREGEXP=r"^(?:\.isr_vector|\.hot_code|\.text|\.rodata|\.ARM\.exidx|\.init_array|\.data)\s+(\d+)",
        SIZEDATAREGEXP=r"^(?:\.data|\.hot_state|\.bss)\s+(\d+)",
    )
    map_file = os.path.join("$BUILD_DIR", "firmware.map")
    env.Append(
        ASFLAGS=cpu,
        # -ffreestanding is left out on purpose: it turns memcpy of a few bytes into calls. Who calls whom with how much
        # stack is written beside the objects: tests/test_stack.py adds it up.
        CCFLAGS=[*cpu, "-fcallgraph-info=su"],
        CXXFLAGS=["-fno-use-cxa-atexit"],
        LINKFLAGS=[
            *cpu,
            *("-nostartfiles", "--specs=nano.specs", "--specs=nosys.specs"),
            *("-Wl,--gc-sections", "-Wl,--no-warn-rwx-segments"),
            f'-Wl,-Map="{map_file}"',  # quoted: the checkout's path may hold spaces
        ],
    )


is_host = "BOARD" not in env
if is_host:
    configure_host()
else:
    configure_cortex_m()

env.BuildSources(os.path.join("$BUILD_DIR", "generated"), str(include / "generated"), "+<*.cpp>")
program = env.BuildProgram()
if not is_host:  # SCons reads no linker script, nor what one includes
    env.Depends(program, env.Glob(str(source / "platformio" / "ldscripts" / "*.ld")))
Default(program)

if not is_host:
    # UPLOAD_PORT is `pio run --upload-port`.
    env.AddPlatformTarget(
        "upload",
        program,
        env.VerboseAction(
            f'cd "{project}" && "$PYTHONEXE" -m host_tools.qemu "$SOURCE.abspath" $UPLOAD_PORT', "Starting QEMU"
        ),
        "Run in QEMU",
        "UART0 on a TCP port; Ctrl-C ends it",
    )
