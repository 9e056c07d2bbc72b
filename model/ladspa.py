# SPDX-License-Identifier: MIT
"""Plays raw float32 samples from stdin through one LADSPA plug-in to stdout: a program, so that a plug-in that crashes
or hangs takes only this process with it. Depends on the standard library alone, which starts in 30 ms.

Usage: `python ladspa.py LIBRARY LABEL RATE CONTROLS`, CONTROLS being a JSON object of every input control by port name.
The structures are those of ladspa.h 1.1 (R. Furse et al., 2000-2002).
"""

from __future__ import annotations

import ctypes
import json
import os
import sys

INPUT, OUTPUT, CONTROL, AUDIO = 1, 2, 4, 8  # bits of a port's descriptor; CAPS has more of its own
BLOCK = 512  # samples a call; some plug-ins smooth their controls once a call

_Connect = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_void_p)
_Run = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_ulong)
_Instantiate = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ulong)
_Switch = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Descriptor(ctypes.Structure):
    """LADSPA_Descriptor, as far as it is used."""

    _fields_ = (
        ("unique_id", ctypes.c_ulong),
        ("label", ctypes.c_char_p),
        ("properties", ctypes.c_int),
        ("name", ctypes.c_char_p),
        ("maker", ctypes.c_char_p),
        ("copyright", ctypes.c_char_p),
        ("port_count", ctypes.c_ulong),
        ("port_descriptors", ctypes.POINTER(ctypes.c_int)),
        ("port_names", ctypes.POINTER(ctypes.c_char_p)),
        ("port_range_hints", ctypes.c_void_p),
        ("implementation_data", ctypes.c_void_p),
        ("instantiate", _Instantiate),
        ("connect_port", _Connect),
        ("activate", _Switch),
        ("run", _Run),
    )


def find_descriptor(library: str, label: str) -> Descriptor:
    """The plug-in called `label`; leaves the process with a sentence when the file does not have it."""
    try:
        entry = ctypes.CDLL(library).ladspa_descriptor
    except (OSError, AttributeError) as error:
        sys.exit(f"not a LADSPA library ({error})")
    entry.restype, entry.argtypes = ctypes.POINTER(Descriptor), [ctypes.c_ulong]
    index = 0
    while pointer := entry(index):
        if pointer.contents.label == label.encode():
            return pointer.contents
        index += 1
    sys.exit(f"holds no plug-in called {label}")


def play(descriptor: Descriptor, rate: int, controls: dict[str, float], sound: bytearray) -> bytearray:
    """Float32 samples in, as many out; leaves the process with a sentence when the ports are not one audio input, one
    audio output and exactly the controls given.
    """
    ports: dict[int, list[int]] = {}
    for port in range(descriptor.port_count):
        ports.setdefault(descriptor.port_descriptors[port] & 15, []).append(port)
    inputs, outputs = ports.get(AUDIO | INPUT, []), ports.get(AUDIO | OUTPUT, [])
    if (len(inputs), len(outputs)) != (1, 1):
        sys.exit(f"has {len(inputs)} audio inputs and {len(outputs)} outputs; one of each can be played")
    knobs = {descriptor.port_names[port].decode("latin-1"): port for port in ports.get(CONTROL | INPUT, [])}
    if set(knobs) != set(controls):
        sys.exit(f"has the controls {sorted(knobs)}, not {sorted(controls)}")
    instance = descriptor.instantiate(ctypes.addressof(descriptor), rate)
    if not instance:
        sys.exit(f"does not start at {rate} Hz")
    values = {port: ctypes.c_float(controls[name]) for name, port in knobs.items()}
    values |= {port: ctypes.c_float() for port in ports.get(CONTROL | OUTPUT, [])}
    for port, value in values.items():
        descriptor.connect_port(instance, port, ctypes.addressof(value))
    wet = bytearray(len(sound))
    dry_start, wet_start = (ctypes.addressof(ctypes.c_char.from_buffer(b)) for b in (sound, wet))
    if descriptor.activate:
        descriptor.activate(instance)
    for first in range(0, len(sound), 4 * BLOCK):
        descriptor.connect_port(instance, inputs[0], dry_start + first)
        descriptor.connect_port(instance, outputs[0], wet_start + first)
        descriptor.run(instance, min(BLOCK, (len(sound) - first) // 4))
    return wet


def main(library: str, label: str, rate: str, controls: str) -> None:
    answer = os.dup(1)
    os.dup2(2, 1)  # what a plug-in prints must not end up among the samples
    sound = bytearray(sys.stdin.buffer.read())
    wet = play(find_descriptor(library, label), int(rate), json.loads(controls), sound)
    with os.fdopen(answer, "wb") as out:
        out.write(wet)
        out.flush()
        os._exit(0)  # plug-ins that were never cleaned up may crash in their destructors


if __name__ == "__main__":
    main(*sys.argv[1:])
