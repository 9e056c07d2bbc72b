# SPDX-License-Identifier: MIT
"""Settings and their store: over a flash that loses its power at any moment, the old settings or the new ones."""

import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from compiled import FIRMWARE
from hypothesis import given
from hypothesis import strategies as st
from settings_flash import (
    ALWAYS,
    ERASE_STEPS,
    FIRST,
    RECORD_BYTES,
    SECOND,
    SLOT_BYTES,
    THIRD,
    Store,
    Values,
    pack,
    record,
)

from host_tools import protocol
from host_tools.packets import SETTINGS

FOURTH: Values = {**THIRD, "morph_time_ms": 77}


@pytest.fixture(scope="module")
def compiled_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("settings"))


@pytest.fixture
def store(compiled_store: Store) -> Iterator[Store]:
    compiled_store.blank()
    yield compiled_store
    compiled_store.blank()


def test_factory_settings_are_the_circuits(store: Store) -> None:
    factory = store.factory()
    assert store.is_sound(factory)
    assert factory["pot_low"] == [0] * 6 and factory["pot_high"] == [65535] * 6
    assert factory["cv_zero"] == [round(1.667 / 3.3 * 65535)] * 2
    assert factory["cv_per_volt"] == [-round(0.300 / 3.3 * 65535)] * 2
    assert (factory["in_full_scale_mv"], factory["out_full_scale_mv"]) == (8500, 7500)
    assert (factory["morph_time_ms"], factory["gate_mode"], factory["midi_channel"], factory["scheme"]) == (
        500,
        0,
        0,
        1,
    )


def test_factory_presets_are_spread_over_the_map(store: Store) -> None:
    places = [(preset["x"] / 32768, preset["y"] / 32768) for preset in store.factory()["presets"]]
    apart = [abs(complex(*a) - complex(*b)) for i, a in enumerate(places) for b in places[:i]]
    assert min(apart) > 0.5
    for axis in (0, 1):
        assert min(place[axis] for place in places) < -0.8 and max(place[axis] for place in places) > 0.8


@pytest.mark.parametrize(
    ("field", "sound", "unsound"),
    [
        ("pot_high", [*[65000] * 5, 8792], [*[65000] * 5, 8791]),
        ("pot_low", [56808, *[0] * 5], [56809, *[0] * 5]),
        ("pot_high", [60000] * 6, [0] * 6),
        ("cv_zero", [16384, 49152], [16383, 33000]),
        ("cv_zero", [33000, 33000], [33000, 49153]),
        ("cv_per_volt", [2000, -2000], [-6000, 1999]),
        ("cv_per_volt", [12000, -12000], [-6000, -12001]),
        ("cv_per_volt", [-6000, -6000], [-32768, -6000]),
        ("gate_mode", 1, 2),
        ("midi_channel", 16, 17),
        ("scheme", 1, 2),
        ("morph_time_ms", 10000, 10001),
        ("in_full_scale_mv", 1000, 999),
        ("out_full_scale_mv", 20000, 20001),
    ],
)
def test_what_is_out_of_range_is_neither_stored_nor_loaded(store: Store, field: str, sound: Any, unsound: Any) -> None:
    assert store.is_sound({**FIRST, field: sound})
    good, bad = FIRST, {**FIRST, field: unsound}
    assert not store.is_sound(bad)
    assert store.save(good)
    assert not store.save(bad)
    store.put(1, record(2, pack(bad)))
    assert store.restart() == ("record", good)


def test_a_new_flash_holds_nothing_and_gives_factory_settings(store: Store) -> None:
    assert store.restart() == ("nothing", store.factory())


def test_what_was_saved_is_found_after_a_restart(store: Store) -> None:
    for values in (FIRST, SECOND, THIRD, FIRST):
        assert store.save(values)
        assert store.restart() == ("record", values)


def test_a_record_lies_in_the_flash_as_described_and_the_slots_take_turns(store: Store) -> None:
    assert store.save(FIRST) and store.save(SECOND)
    assert store.slot(0) == record(1, pack(FIRST)).ljust(SLOT_BYTES, b"\xff")
    assert store.slot(1) == record(2, pack(SECOND)).ljust(SLOT_BYTES, b"\xff")
    assert store.save(THIRD)
    assert store.slot(0) == record(3, pack(THIRD)).ljust(SLOT_BYTES, b"\xff")


@pytest.mark.parametrize("restarted", [False, True])
def test_what_the_flash_holds_already_is_not_written_again(store: Store, restarted: bool) -> None:
    assert store.save(FIRST) and store.save(SECOND)
    if restarted:
        store.restart()
    cells = bytes(store.cells)
    assert store.steps_of_a_save(SECOND) == 0 and bytes(store.cells) == cells
    assert store.save(FIRST)  # though the other slot holds it still
    assert store.restart() == ("record", FIRST)


def test_a_newest_record_that_was_damaged_since_is_written_again(store: Store) -> None:
    assert store.save(FIRST) and store.save(SECOND)
    store.cells[SLOT_BYTES + 20] ^= 1
    assert store.save(SECOND)
    assert store.restart() == ("record", SECOND)


def check_power_cuts(
    store: Store, before: Sequence[Values] = (FIRST, SECOND), *, tears_bytes: bool = False
) -> list[int]:
    """Cuts a save after every step; asserts that a restart finds old or new settings and that the next save works.

    Returns the cuts after which it was the new ones.
    """
    for values in before:
        assert store.save(values)
    old, cells = store.restart()[1], bytes(store.cells)
    steps = store.steps_of_a_save(THIRD)
    assert steps == ERASE_STEPS + RECORD_BYTES
    new_from = []
    for cut in range(1, steps + 1):
        store.cells[:] = cells
        store.power_for(ALWAYS)
        store.restart()
        store.power_for(cut, tears_bytes=tears_bytes, seed=cut)
        assert not store.save(THIRD)

        store.power_for(ALWAYS)
        found, values = store.restart()
        assert values in (old, THIRD)
        assert found == "record" or not before
        if values == THIRD:
            new_from.append(cut)
        assert store.save(FOURTH)
        assert store.restart() == ("record", FOURTH)
    return new_from


@pytest.mark.parametrize("before", [[], [FIRST], [FIRST, SECOND]], ids=["first save", "second save", "third save"])
def test_a_power_cut_at_any_moment_of_a_save_leaves_old_or_new_settings(store: Store, before: list[Values]) -> None:
    assert check_power_cuts(store, before, tears_bytes=True) == []
    store.blank()
    # Only the last byte makes the new record whole; that nobody read it back does not matter.
    assert check_power_cuts(store, before, tears_bytes=False) == [ERASE_STEPS + RECORD_BYTES]


def check_damaged_bytes(store: Store) -> None:
    """Spoils each byte of the newest record in turn; asserts that the one before it is found."""
    assert store.save(FIRST) and store.save(SECOND)
    for position in range(SLOT_BYTES, SLOT_BYTES + RECORD_BYTES):
        for damage in (0x01, 0x80, 0xFF):
            store.cells[position] ^= damage
            assert store.restart() == ("record", FIRST)
            store.cells[position] ^= damage
    assert store.restart() == ("record", SECOND)


def test_the_old_settings_are_found_when_any_byte_of_the_new_record_is_damaged(store: Store) -> None:
    check_damaged_bytes(store)


@pytest.mark.parametrize(
    ("right", "wrong", "check"),
    [
        ("const int slot = kSlots - 1 - newest_slot_;", "const int slot = newest_slot_;", check_power_cuts),
        ("IsNewer(sequence, sequence_)", "IsNewer(sequence_, sequence)", check_power_cuts),
        ("&& stored == crc", "", check_damaged_bytes),
    ],
    ids=["writes over the newest", "takes the older for the newer", "trusts any CRC"],
)
def test_a_store_that_is_wrong_is_noticed(
    tmp_path: Path, right: str, wrong: str, check: Callable[[Store], object]
) -> None:
    source = (FIRMWARE / "core/settings_store.cpp").read_text()
    assert source.count(right) == 1
    (tmp_path / "settings_store.cpp").write_text(source.replace(right, wrong))
    store = Store(tmp_path, tmp_path / "settings_store.cpp")
    with pytest.raises(AssertionError):
        check(store)


def test_factory_settings_when_both_slots_are_damaged_and_it_is_said(store: Store) -> None:
    assert store.save(FIRST) and store.save(SECOND)
    for slot in (0, 1):
        store.cells[slot * SLOT_BYTES + 20] ^= 1
    assert store.restart() == ("damaged", store.factory())
    assert store.save(THIRD)
    assert store.restart() == ("record", THIRD)


@pytest.mark.parametrize("position", [0, 9, 100, SLOT_BYTES - 1])
@pytest.mark.parametrize("slot", [0, 1])
def test_one_byte_that_is_no_record_is_damage_not_nothing(store: Store, slot: int, position: int) -> None:
    store.cells[slot * SLOT_BYTES + position] = 0xFE
    assert store.restart() == ("damaged", store.factory())


def test_zeros_and_sizes_beyond_the_slot_are_damage(store: Store) -> None:
    store.put(0, bytes(SLOT_BYTES))
    store.put(1, struct.pack("<4sHI", b"GRST", 0xFFFE, 1))
    assert store.restart()[0] == "damaged"


@pytest.mark.parametrize("last", [1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF])
def test_the_newest_record_is_found_where_sequences_wrap(store: Store, last: int) -> None:
    for slot in (0, 1):
        store.put(slot, record(last, pack(FIRST)))
        store.put(1 - slot, record((last + 1) % 2**32, pack(SECOND)))
        assert store.restart() == ("record", SECOND)
        assert store.save(THIRD)
        assert store.restart() == ("record", THIRD)
        assert store.slot(slot)[6:10] == struct.pack("<I", (last + 2) % 2**32)


@pytest.mark.parametrize("fields", range(1, len(SETTINGS.fields)))
def test_a_record_of_older_firmware_fills_what_it_has(store: Store, fields: int) -> None:
    older = SETTINGS.fields[:fields]
    size = sum(protocol.element_size(field) * (field.count or 0) for field in older)
    store.put(0, record(5, pack(FIRST)[:size]))
    known = {field.name: FIRST[field.name] for field in older}
    assert store.restart() == ("record", {**store.factory(), **known})


@pytest.mark.parametrize("extra", [1, 200, SLOT_BYTES - RECORD_BYTES])
def test_of_a_record_of_newer_firmware_what_is_known_is_read(store: Store, extra: int) -> None:
    newer = record(5, pack(FIRST) + bytes(i % 251 for i in range(extra)))
    store.put(0, newer)
    assert store.restart() == ("record", FIRST)
    assert store.save(SECOND)
    assert store.slot(0) == newer.ljust(SLOT_BYTES, b"\xff")
    store.cells[len(newer) - 5] ^= 1  # in its last field: the CRC covers what is not known, too
    store.cells[SLOT_BYTES] ^= 1
    assert store.restart()[0] == "damaged"


@pytest.mark.parametrize("after", [FIRST, SECOND, THIRD], ids=["other", "the old", "the same"])
@pytest.mark.parametrize("refusal", ["erase", "program", "read"])
def test_a_flash_that_refuses_fails_the_save_and_keeps_the_old_settings(
    store: Store, refusal: str, after: Values
) -> None:
    assert store.save(FIRST) and store.save(SECOND)
    store.refuse(**{refusal: True})
    assert not store.save(THIRD)
    store.refuse()
    assert refusal == "read" or store.restart() == ("record", SECOND)
    assert store.save(after)
    assert store.restart() == ("record", after)


def test_settings_that_could_not_be_read_back_are_whole_and_may_as_well_be_found(store: Store) -> None:
    assert store.save(FIRST)
    store.refuse(read=True)
    assert not store.save(SECOND)
    store.refuse()
    assert store.restart() == ("record", SECOND)


def test_a_flash_that_cannot_be_read_counts_as_damaged(store: Store) -> None:
    store.refuse(read=True)
    assert store.restart() == ("damaged", store.factory())


@given(contents=st.tuples(st.binary(max_size=200), st.binary(max_size=200)))
def test_whatever_the_flash_holds_the_module_starts_with_sound_settings(
    compiled_store: Store, contents: tuple[bytes, bytes]
) -> None:
    compiled_store.blank()
    for slot, content in enumerate(contents):
        compiled_store.put(slot, content)
    found, values = compiled_store.restart()
    assert found == ("nothing" if set(contents[0] + contents[1]) <= {0xFF} else "damaged")
    assert compiled_store.is_sound(values)
