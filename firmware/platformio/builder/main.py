# SPDX-License-Identifier: MIT
"""How the firmware is built: a shared library for the host, or an image for a board with a Cortex-M.

Run by PlatformIO inside SCons. Depends on g++ and arm-none-eabi-g++ being installed (`make setup`), for a Daisy Seed
on libDaisy, which is found by LIBDAISY_DIR, and for the engine `tflm` on TFLite Micro, found by TFLM_DIR.
"""

import hashlib
import os
import subprocess
import tomllib
from pathlib import Path

from SCons.Script import Default, DefaultEnvironment

STACK_BYTES = 1024  # of one function; a warning, hence an error, when it needs more
# The libDaisy that was tested. Its tag v8.1.0 reads 31/32 of what the ADC sees (libDaisy's #695).
LIBDAISY_COMMIT, LIBDAISY_VERSION = "08f29653610c08cdf1ca7b5cfcac3bb4922e60c4", "v8.1.0-8-g08f29653"
# The TFLite Micro that was tested; it has no versions.
TFLM_COMMIT = "90b983c2b3f1480642e040bbd2ddb37b998f3424"
CARD = b"gritspace_card"  # by which the engine knows what a .tflite plays; see quantize/model_card.py
TFLM_BUILD = "gen/cortex_m_generic_cortex-m7+fp_release_cmsis_nn_gcc"  # as its own Makefile names it

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
engine = env.GetProjectOption("custom_engine")
version = tomllib.loads((project / "pyproject.toml").read_text())["project"]["version"]
env.Append(
    # In this order, or firmware/generated would hide another model. PlatformIO adds only those that are missing.
    CPPPATH=[str(include), str(source)],
    CPPDEFINES=[("GRITSPACE_VERSION", env.StringifyMacro(version))],
    CCFLAGS=[
        # With tflm nearly all that runs for every sample is the library's, and flash is short: -Os saves 4 kB of it and
        # costs 14 cycles of the 10,000 that there are for a sample.
        "-Os" if engine == "tflm" else "-O2",
        *("-g", "-Wall", "-Wextra", "-Werror", f"-Wstack-usage={STACK_BYTES}"),
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
            *("--specs=nano.specs", "--specs=nosys.specs"),
            *("-Wl,--gc-sections", "-Wl,--no-warn-rwx-segments"),
            f'-Wl,-Map="{map_file}"',  # quoted: the checkout's path may hold spaces
        ],
    )


def configure_bare() -> None:
    env.Append(LINKFLAGS=["-nostartfiles"])  # the board has its own


def library_dir(variable: str, name: str, header: str, commit: str, archive: str, **said: str) -> Path:
    """The folder that the environment's variable names, when it is the library that was tested, and built.

    SystemExit with one sentence otherwise; `said` has what differs between libraries: unset, inside, mend, unbuilt.
    """
    given = os.environ.get(variable)
    if not given:
        raise SystemExit(f"error: this {said['unset']}, then set {variable} to its folder")
    folder = Path(given).expanduser().resolve()
    if not (folder / header).is_file():
        raise SystemExit(
            f"error: {variable} is {folder}, which is no {name}; set it to the folder that has {said['inside']}"
        )
    asked = subprocess.run(["git", "-C", str(folder), "rev-parse", "HEAD"], capture_output=True, text=True)
    found = asked.stdout.strip() or "of no known commit"
    if found != commit:
        raise SystemExit(f"error: the {name} in {folder} is {found}; {commit} {said['mend']}")
    if not (folder / archive).is_file():
        raise SystemExit(f"error: the {name} in {folder} is not built{said['unbuilt']}")
    return folder


def configure_libdaisy() -> None:
    """What libDaisy's core/Makefile gives an application. Its headers are none of our warnings' business."""
    folder = library_dir(
        *("LIBDAISY_DIR", "libDaisy", "src/daisy_seed.h", LIBDAISY_COMMIT, "build/libdaisy.a"),
        unset=f"board needs libDaisy {LIBDAISY_VERSION}; build it as its README says, with make OPT=-Os",
        inside="src/",
        mend=f"({LIBDAISY_VERSION}) was tested: check that out, update its submodules and build it again",
        unbuilt="; run make OPT=-Os there",
    )
    headers = (
        *("src", "src/sys", "src/usbd", "src/usbh", "Drivers/CMSIS_5/CMSIS/Core/Include", "Drivers/CMSIS-DSP/Include"),
        *("Drivers/CMSIS-Device/ST/STM32H7xx/Include", "Drivers/STM32H7xx_HAL_Driver/Inc"),
        "Middlewares/ST/STM32_USB_Device_Library/Core/Inc",
        *(f"Middlewares/ST/STM32_USB_Host_Library/{part}/Inc" for part in ("Core", "Class/MSC", "Class/MIDI")),
        "Middlewares/Third_Party/FatFs/src",
    )
    names = (
        *("USE_HAL_DRIVER", "STM32H750xx", "CORE_CM7", "STM32H750IB", "ARM_MATH_CM7", "USE_FULL_LL_DRIVER"),
        "FILEIO_ENABLE_FATFS_READER",
    )
    env.Append(
        CPPDEFINES=[*names, ("HSE_VALUE", 16_000_000)],
        CCFLAGS=[flag for header in headers for flag in ("-isystem", str(folder / header))],
        LIBPATH=[str(folder / "build")],
        LIBS=["daisy", "c", "m", "nosys"],
        LINKFLAGS=["-Wl,--print-memory-usage"],
    )
    env.Append(CCFLAGS=["-include", "stm32h7xx.h"])


def model_folder() -> Path:
    """Where the engine tflm takes its models from: GRITSPACE_MODELS, or what the board's environment names."""
    named = env.GetProjectOption("custom_models")
    return Path(os.environ.get("GRITSPACE_MODELS") or project / named).resolve()


def write_model_files() -> Path:
    """A folder with one C++ file: each scheme's `.tflite` as bytes, with its size and its model id."""
    models = model_folder()
    names = {"int8": "kFileInt8", "int16x8": "kFileInt16x8"}
    if "GRITSPACE_WITHOUT_INT8=1" in env.subst("$BUILD_FLAGS"):
        del names["int8"]
    lines = ['#include "engines/tflm/model_files.h"', "namespace gritspace {"]
    for scheme, name in names.items():
        path = models / scheme / "decoder.tflite"
        if not path.is_file():
            raise SystemExit(f"error: there is no {path}; set GRITSPACE_MODELS to the folder that has {scheme}/")
        content = path.read_bytes()
        model_id = hashlib.sha256(content).hexdigest()[:8]
        if CARD not in content:
            raise SystemExit(f"error: {path} carries no model card; write it again with gritspace quantize")
        rows = (",".join(map(str, content[at : at + 24])) for at in range(0, len(content), 24))
        lines += [
            *(f"alignas(16) const uint8_t {name}[] = {{", *(f"{row}," for row in rows), "};"),
            f"const uint32_t {name}Size = {len(content)}, {name}Id = 0x{model_id};",
        ]
    target = Path(env.subst("$BUILD_DIR")) / "model_files" / "model_files.cpp"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n".join([*lines, "}  // namespace gritspace", ""]))
    return target.parent


def configure_tflm() -> None:
    """The settings that the library was built with, for they decide what its structs hold, and its headers but for
    CMSIS's, of which libDaisy has others."""
    archive = f"{TFLM_BUILD}/lib/libtensorflow-microlite.a"
    how = "build it by its own Makefile, for cortex_m_generic, cortex-m7+fp, release, with the kernels of cmsis_nn"
    folder = library_dir(
        *("TFLM_DIR", "TFLite Micro", "tensorflow/lite/micro/micro_interpreter.h", TFLM_COMMIT, archive),
        unset=f"engine needs TFLite Micro at commit {TFLM_COMMIT}; {how}",
        inside="tensorflow/lite/micro",
        mend="was tested: check that out and build it again",
        unbuilt=f" in {TFLM_BUILD}; {how}",
    )
    downloads = folder / "tensorflow" / "lite" / "micro" / "tools" / "make" / "downloads"
    headers = (folder, downloads / "flatbuffers" / "include", downloads / "gemmlowp", downloads / "ruy")
    env.Append(
        CPPDEFINES=[
            *("TF_LITE_STATIC_MEMORY", "TF_LITE_STRIP_ERROR_STRINGS", "NDEBUG", "CMSIS_NN"),
            ("GRITSPACE_LOADS_MODELS", 1),
        ],
        CCFLAGS=[flag for header in headers for flag in ("-isystem", str(header))],
        LINKFLAGS=["-Wl,-u,_ZN9gritspace7decoder10ArenaBytesENS_6SchemeE"],  # which only the bench calls
    )
    env.Prepend(LIBS=[env.File(str(folder / archive))])
    env.BuildSources(os.path.join("$BUILD_DIR", "model_files", "objects"), str(write_model_files()), "+<*.cpp>")


is_host = "BOARD" not in env
if is_host:
    configure_host()
else:
    configure_cortex_m()
    if env.BoardConfig().get("build.libdaisy", False):
        configure_libdaisy()
    else:
        configure_bare()
    if engine == "tflm":
        configure_tflm()

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
