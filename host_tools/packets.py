# SPDX-License-Identifier: MIT
"""The packets between the bench and a device, by name: their one definition. Knows no bytes; see `protocol`.

After a change, `python -m host_tools.protocol_header` writes `firmware/generated/protocol.h` afresh.
"""

from __future__ import annotations

from dataclasses import dataclass

FRAMING = "COBS, 0x00 ends a packet, CRC-32/ISO-HDLC of header and payload little-endian at the end"
MAX_BLOCK_SIZE = 256  # samples; the link and the module have room for no more
LATENT_SIZE = 2  # axes of the map: two knobs, two CVs
POTS = ("x", "y", "att_x", "att_y", "level", "mix")
ADC_CHANNELS = (*POTS, "cv_x", "cv_y")  # codes of 16 bits, in the order in which every packet holds them
INPUT_GATE, INPUT_BUTTON = 0x01, 0x02  # bits of `inputs`: the gate is high, the button is down
PRESETS = 8
FLAGS = {  # bits of `flags`
    "LIVE": 0x01,  # the codec is being played, not the bench
    "BYPASS": 0x02,
    "FROZEN": 0x04,
    "OVERLOAD": 0x08,  # dry, because blocks took too long
    "CLIP": 0x10,  # the decoder's input is, or was a moment ago, beyond full scale
    "GATE": 0x20,
}
BASES = ("pots", "frozen", "preset", "midi")  # what holds the spot that CV is added to
GATE_MODES = ("morph", "step")
FAULTS = (
    *("none", "settings lost", "settings not saved", "restarted by the watchdog", "processor fault"),
    *("model lost", "no decoder"),
)
MAX_MODEL_BYTES = 10 * 4096 - 24  # of a .tflite: ten sectors of the flash, of which a record's head takes its part
REPLY_BIT = 0x80  # set in the type of everything a device sends


@dataclass(frozen=True)
class Field:
    """`count` elements of a type; None means as many as the packet still holds (the last field only)."""

    name: str
    type: str  # a key of CODES or the name of a struct
    count: int | None = 1
    note: str = ""


@dataclass(frozen=True)
class Struct:
    """Fields that stand together on the line, without padding. A packet is a struct with a code, its type."""

    name: str
    fields: tuple[Field, ...]
    note: str = ""
    code: int | None = None


HEADER = Struct(
    "HEADER",
    (Field("type", "u8", note="PacketType"), Field("sequence", "u16", note="a reply carries its request's")),
    "Before every payload.",
)
SCHEME_INFO = Struct(
    "SCHEME_INFO",
    (
        Field("scheme", "u8", note="0: int8, 1: int16x8"),
        Field("model_id", "u32", note="first 4 bytes of the .tflite's SHA-256, read as big-endian"),
        Field("sample_rate_hz", "u32"),
        Field("block_size", "u16", note="samples"),
        Field("latency_samples", "u16"),
    ),
    "What a device plays in one scheme.",
)
SPOT = Struct("SPOT", (Field("x", "i16"), Field("y", "i16")), "A place on the map: -32768 and 32767 are its edges.")
SETTINGS = Struct(
    "SETTINGS",
    (
        Field("pot_low", "u16", len(POTS), note="ADC code fully anticlockwise"),
        Field("pot_high", "u16", len(POTS), note="ADC code fully clockwise"),
        Field("cv_zero", "u16", 2, note="ADC code at 0 V"),
        Field("cv_per_volt", "i16", 2, note="change of the ADC code for one volt more"),
        Field("presets", "SPOT", PRESETS),
        Field("second_spot", "SPOT", note="where the gate morphs to"),
        Field("morph_time_ms", "u16", note="0..10000"),
        Field("gate_mode", "u8", note="index of GATE_MODES"),
        Field("midi_channel", "u8", note="1..16, or 0: all"),
        Field("scheme", "u8", note="0: int8, 1: int16x8"),
        Field("in_full_scale_mv", "u16", note="1000..20000: the peak at IN that is the converter's full scale"),
        Field("out_full_scale_mv", "u16", note="the same at OUT"),
    ),
    "What the module remembers. New fields are only ever appended: older records stay readable.",
)
STATUS = Struct(
    "STATUS",
    (
        Field("blocks", "u32", note="played since power-up"),
        Field("lost_blocks", "u32", note="that the codec asked for and nobody played"),
        Field("overloads", "u32", note="times the module went dry"),
        Field("budget_cycles", "u32", note="of one block; 0: the board has no clock"),
        Field("mean_cycles", "u32"),
        Field("worst_cycles", "u32"),
        Field("adc", "u16", len(ADC_CHANNELS)),
        Field("inputs", "u8", note="INPUT_* bits"),
        Field("flags", "u16", note="FLAGS bits"),
        Field("base", "u8", note="index of BASES"),
        Field("preset", "u8", note="last recalled, 255: none"),
        Field("fault", "u8", note="index of FAULTS"),
        Field("spot", "SPOT", note="where the decoder is"),
        Field("input_peak", "u16", note="32768 is full scale"),
        Field("output_peak", "u16"),
        Field("leds", "u8", 4, note="brightness of X, Y, clip, on"),
    ),
    "The module at this moment.",
)
STRUCTS = (HEADER, SCHEME_INFO, SPOT, SETTINGS, STATUS)

PACKETS = (
    Struct("HELLO", (), "Who are you? Answered with GREETING.", code=0x01),
    Struct(
        "RESET", (Field("scheme", "u8"),), "Selects a scheme and silences its state. Answered with READY.", code=0x02
    ),
    Struct(
        "PROCESS",
        (Field("z", "i16", LATENT_SIZE), Field("dry", "i16", None, note="block_size integers of the scheme")),
        "The next block; its sequence is that of the block before it, or of RESET, plus one. Answered with WET.",
        code=0x03,
    ),
    Struct("READ_STATUS", (), "Answered with STATUS_IS.", code=0x04),
    Struct(
        "READ_SETTINGS",
        (Field("factory", "u8", note="0: those in use, 1: what a new module has"),),
        "Answered with SETTINGS_ARE.",
        code=0x05,
    ),
    Struct(
        "WRITE_SETTINGS",
        (Field("settings", "SETTINGS"),),
        "Uses these from now on and remembers them. Answered with SETTINGS_ARE.",
        code=0x06,
    ),
    Struct("RECALL_PRESET", (Field("index", "u8"),), "Answered with STATUS_IS.", code=0x07),
    Struct(
        "STORE_PRESET",
        (Field("index", "u8"),),
        "Remembers the spot that CV is added to. Answered with SETTINGS_ARE.",
        code=0x08,
    ),
    Struct("MIDI", (Field("bytes", "u8", None),), "As if they came from MIDI in. Answered with STATUS_IS.", code=0x09),
    Struct(
        "PANEL",
        (Field("adc", "u16", len(ADC_CHANNELS)), Field("inputs", "u8")),
        "Turns the knobs of a board without a panel. Answered with STATUS_IS.",
        code=0x0A,
    ),
    Struct(
        "POWER_UP",
        (Field("factory", "u8", note="1: with factory settings, which are not remembered"),),
        "Starts the module as if it had just got power, and plays what PLAY brings. Answered with STATUS_IS.",
        code=0x0B,
    ),
    Struct(
        "PLAY",
        (
            Field("adc", "u16", len(ADC_CHANNELS)),
            Field("inputs", "u8"),
            Field("dry", "i32", None, note="block_size samples of the codec, 24 bits"),
        ),
        "The next block through the whole module; sequences follow each other as of PROCESS. Answered with PLAYED.",
        code=0x0C,
    ),
    Struct("GO_LIVE", (), "Back from the bench to the codec. Answered with STATUS_IS.", code=0x0D),
    Struct(
        "ENTER_BOOTLOADER", (), "Answered with STATUS_IS; then the board waits for a new image over USB.", code=0x0E
    ),
    Struct(
        "BEGIN_MODEL",
        (
            Field("scheme", "u8", note="0: int8, 1: int16x8"),
            Field("model_id", "u32", note="as in GREETING"),
            Field("size", "u32", note="bytes of the .tflite, at most MAX_MODEL_BYTES"),
            Field("crc", "u32", note="CRC-32/ISO-HDLC of those"),
        ),
        "A .tflite is to take the scheme's place. Forgets what was begun before. Answered with MODEL_IS.",
        code=0x0F,
    ),
    Struct(
        "MODEL_BYTES",
        (Field("offset", "u32", note="where the last ones ended"), Field("bytes", "u8", None)),
        "Answered with MODEL_IS.",
        code=0x10,
    ),
    Struct(
        "TRY_MODEL",
        (),
        "Sets up the model, plays its test vectors and takes the time. Answered with MODEL_IS.",
        code=0x11,
    ),
    Struct(
        "KEEP_MODEL",
        (Field("sector", "u8", note="MODEL_IS.sectors_left - 1"),),
        "Writes a sector of the model that passed; after the last one it plays. Answered with MODEL_IS.",
        code=0x12,
    ),
    Struct(
        "GREETING",
        (
            Field("protocol_version", "u32"),
            Field("firmware_version", "text16", note="ASCII, padded with NUL"),
            Field("board", "text16"),
            Field("schemes", "SCHEME_INFO", None),
        ),
        "Answers HELLO.",
        code=0x81,
    ),
    Struct("READY", (Field("scheme", "u8"), Field("model_id", "u32")), "Answers RESET.", code=0x82),
    Struct(
        "WET", (Field("wet", "i16", None, note="block_size integers of the scheme"),), "Answers PROCESS.", code=0x83
    ),
    Struct(
        "STATUS_IS",
        (Field("status", "STATUS"),),
        "The state after the last block; what is asked of a module that plays shows after the next.",
        code=0x84,
    ),
    Struct("SETTINGS_ARE", (Field("settings", "SETTINGS"),), "The settings after the request.", code=0x85),
    Struct(
        "MODEL_IS",
        (
            Field("received", "u32", note="bytes"),
            Field("block_cycles", "u32", note="that a block took when it was tried, the mean"),
            Field("limit_cycles", "u32", note="that it may take; 0: the board has no clock"),
            Field("sectors_left", "u8", note="to be written"),
        ),
        "The upload after the request.",
        code=0x86,
    ),
    Struct(
        "PLAYED",
        (
            Field("spot", "SPOT"),
            Field("flags", "u16", note="FLAGS bits"),
            Field("leds", "u8", 4),
            Field("wet", "i32", None, note="block_size samples of the codec, 24 bits"),
        ),
        "Answers PLAY.",
        code=0x8C,
    ),
    Struct("ERROR", (Field("code", "u8", note="ErrorCode"),), "Answers a request that is refused.", code=0xFF),
)

ERRORS = {
    1: ("UNKNOWN_PACKET", "the packet's type is unknown"),
    2: ("WRONG_SIZE", "the packet's size is wrong"),
    3: ("UNKNOWN_SCHEME", "the device has no such scheme"),
    4: ("NOT_RESET", "PROCESS came before RESET, or PLAY before POWER_UP"),
    5: ("WRONG_SEQUENCE", "a packet before this one was lost"),
    6: ("OUT_OF_RANGE", "a value is outside its range"),
    7: ("REAL_PANEL", "the board has a panel of its own; turn its knobs"),
    8: ("NOT_SAVED", "the settings are in use, but could not be written to the flash"),
    9: ("BUSY", "the module has not yet done what it was asked before"),
    10: ("NO_BOOTLOADER", "the board has no bootloader"),
    11: ("MODELS_COMPILED_IN", "its models are compiled in"),
    12: ("MODEL_TOO_LARGE", "the model is larger than the room for it"),
    13: ("MODEL_DAMAGED", "what arrived is not the model that was announced"),
    14: ("FOREIGN_MODEL", "this is no decoder that it can run: operators, shapes, memory or model card do not fit"),
    15: ("SELF_TEST_FAILED", "there the model gives other integers than its test vectors"),
    16: ("TOO_SLOW", "a block of the model takes longer than there is time"),
    17: ("MODEL_NOT_SAVED", "the model could not be written to the flash"),
}
