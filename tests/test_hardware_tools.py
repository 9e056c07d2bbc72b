# SPDX-License-Identifier: MIT
"""The tools that draw, route and simulate the board, each on small things whose answer is known."""

import random

import pytest
from hardware_tools import needs_kicad_and_ngspice
from hypothesis import given
from hypothesis import strategies as st

from hardware.gen.canonical import canonical
from hardware.gen.parts import C_100N
from hardware.gen.routes import routed
from hardware.gen.s_expression import parse, quoted, text_of, unquoted
from hardware.gen.sheet import Sheet
from hardware.spice.circuit import magnitude
from hardware.spice.ngspice import SimulationError, simulate

NODES = st.recursive(
    st.text("abc123.-_", min_size=1) | st.text().map(quoted),
    lambda children: st.lists(children, min_size=1),
    max_leaves=20,
).filter(lambda node: isinstance(node, list))


@given(node=NODES)
def test_expressions_survive_writing_and_reading(node: list) -> None:
    assert parse(text_of(node)) == node


@given(text=st.text())
def test_texts_survive_quoting(text: str) -> None:
    assert parse(f"({quoted(text)})") == [quoted(text)]
    if not text.startswith('"') and not text.endswith(('"', "\\")):
        assert unquoted(quoted(text)).replace("\\", "") == text.replace("\\", "")


@pytest.mark.parametrize("text", ["", "(a", "a)", "(a))", "(a) (b)"])
def test_broken_expressions_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)


def test_a_board_is_one_file_in_whatever_order_it_was_written() -> None:
    items = [f'(segment (start {n} 0) (end {n} 5) (net 1) (uuid "{n}-{n}"))' for n in range(9)]
    shuffled = items.copy()
    random.Random(1).shuffle(shuffled)
    one, other = (f"(kicad_pcb (version 1) {' '.join(order)})" for order in (items, shuffled))
    assert canonical(one) == canonical(other)
    assert canonical(one) != canonical(one.replace("(end 3 5)", "(end 3 6)"))
    assert canonical(canonical(one)) == canonical(one)


@pytest.mark.parametrize(
    ("text", "number"), [("7k5", 7500), ("100n", 1e-7), ("10R", 10), ("22p", 22e-12), ("1M", 1e6), ("2.2u", 2.2e-6)]
)
def test_values_are_read_as_people_write_them(text: str, number: float) -> None:
    assert magnitude(text) == pytest.approx(number)


@pytest.mark.parametrize("text", ["", "k", "10q", "ten", "1 k"])
def test_what_is_no_value_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no value"):
        magnitude(text)


def pad(name: str, net: str, x: float, y: float, layers: list[int]) -> dict:
    box = [x - 0.5, y - 0.5, x + 0.5, y + 0.5]
    return {"name": name, "net": net, "x": x, "y": y, "box": box, "layers": layers, "drilled": False, "round": False}


def crossing(layers: list[int]) -> dict:
    """Two nets whose straight connections cross."""
    pads = [pad("A.1", "a", 2, 5, layers), pad("A.2", "a", 8, 5, layers)]
    pads += [pad("B.1", "b", 5, 2, layers), pad("B.2", "b", 5, 8, layers)]
    return {"bounds": [0, 0, 10, 10], "pads": [*pads, pad("G.1", "GND", 8, 8, layers)]}


def test_nets_that_cross_are_led_past_each_other() -> None:
    found = routed(crossing([1]))
    for one in (track for track in found["tracks"] if track["net"] == "a"):
        for other in (track for track in found["tracks"] if track["net"] == "b"):
            assert one["layer"] != other["layer"] or gap(one, other) >= 0.3 + 0.2
    assert any(via["net"] == "GND" for via in found["vias"])


def gap(one: dict, other: dict) -> float:
    """The least distance between the middles of two tracks, by points on them."""

    def points(track: dict) -> list[tuple[float, float]]:
        (x0, y0), (x1, y1) = track["start"], track["end"]
        return [(x0 + (x1 - x0) * part / 40, y0 + (y1 - y0) * part / 40) for part in range(41)]

    return min(((x - u) ** 2 + (y - v) ** 2) ** 0.5 for x, y in points(one) for u, v in points(other))


def test_a_pad_without_a_way_is_named() -> None:
    walled = crossing([1])
    walled["pads"] += [
        {**pad("W.1", "", 5, 5, [0, 1]), "box": [0, 3.4, 10, 3.6], "drilled": True},
    ]
    with pytest.raises(SystemExit, match="no way for b"):
        routed(walled)


def test_wires_are_cut_where_others_meet_them() -> None:
    sheet = Sheet("test", "A")
    sheet.wire((0, 0), (10, 0))
    sheet.wire((4, 0), (4, 5))
    assert sheet.junctions() == [(4, 0)]
    assert sheet.cut_wires() == [((0, 0), (4, 0)), ((4, 0), (10, 0)), ((4, 0), (4, 5))]
    with pytest.raises(ValueError, match="diagonal"):
        sheet.wire((0, 0), (1, 1))


@needs_kicad_and_ngspice
def test_pins_turn_with_their_symbol() -> None:
    sheet = Sheet("test", "A")
    upright = sheet.place("Device:C", "C1", C_100N, (10, 10))
    flat = sheet.place("Device:C", "C2", C_100N, (10, 10), 90)
    assert [upright.pin(1), upright.pin(2)] == [(10, 7), (10, 13)]
    assert [flat.pin(1), flat.pin(2)] == [(7, 10), (13, 10)]


@needs_kicad_and_ngspice
def test_a_divider_is_simulated_and_a_floating_node_refused() -> None:
    divider = ["V1 in 0 9", "R1 in out 2k", "R2 out 0 1k"]
    assert simulate(divider, "op", "v(out)")[0, 1] == pytest.approx(3.0)
    with pytest.raises(SimulationError, match="no solution"):
        simulate([*divider, "C1 a b 1n", "I1 0 a 1"], "op", "v(a)")
