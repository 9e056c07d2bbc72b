# SPDX-License-Identifier: MIT
"""Who is connected to whom: the Seed's pins by the table, and connections that no rule checker can know are needed."""

from __future__ import annotations

from hardware.checks.design import Design, Outcome
from hardware.gen import seed
from hardware.gen.panel_parts import LEDS, POTS
from hardware.gen.placement import FRONT, kind, turned
from hardware.gen.s_expression import Node, children, parse, unquoted

# Part and pin: the net that must be there.
CONTRACT: dict[tuple[str, int | str], str] = {
    ("A1", seed.AGND): "GND",  # left open, the Seed's analog ground finds its way through the codec and kills it
    ("A1", seed.DGND): "GND",
    ("A1", seed.VIN): "VIN_SEED",
    ("A1", seed.ANALOG_3V3): "+3.3VA",
    ("A1", seed.DIGITAL_3V3): "+3V3",
    ("A1", seed.AUDIO_PLACES["IN_R"]): "GND",
    ("U1", 8): "+3.3VA",  # a MCP6002 dies of more than 6 V
    ("U1", 4): "GND",
    ("U2", 8): "+12V",
    ("U2", 4): "-12V",
    ("U3", 1): "GND",  # cathode
    ("U3", 2): "-10V_REF",
    ("D1", 2): "+12V_BEAD",  # anode
    ("D1", 1): "+12V",
    ("D2", 2): "-12V",
    ("D2", 1): "-12V_BEAD",
    ("D3", 2): "GND",
    ("C8", 1): "VIN_SEED",  # plus
    ("C8", 2): "GND",
    ("Q1", 2): "GND",  # emitter
    **{("J6", pin): "-12V_RACK" for pin in (1, 2)},
    **{("J6", pin): "GND" for pin in range(3, 9)},
    **{("J6", pin): "+12V_RACK" for pin in (9, 10)},
    **{(jack, "S"): "GND" for jack in ("J1", "J2", "J3", "J4", "J5")},
    **{(jack, "TN"): "GND" for jack in ("J1", "J3", "J4", "J5")},  # an empty input is 0 V
    **{(pot, 1): "GND" for pot, *_ in POTS},
    **{(pot, 3): "+3.3VA" for pot, *_ in POTS},
    **{(lamp, 1): "GND" for lamp, *_ in LEDS},  # cathode
    ("SW1", 2): "GND",
}


def contract(design: Design) -> Outcome:
    wrong = [
        f"{part} pin {pin} is on {design.netlist.net(part, pin)}, not on {net}"
        for (part, pin), net in CONTRACT.items()
        if design.netlist.net(part, pin) != net
    ]
    return Outcome(f"{len(CONTRACT)} connections", wrong)


def pin_map(design: Design) -> Outcome:
    """From pins.toml over the Seed's pin names to places on the module, and to the net that is drawn there.

    KiCad's symbol says on its own where D0..D30 are.
    """
    kicads = seed.kicads_places()
    wrong = []
    for pin in design.pins.values():
        if design.netlist.net("A1", pin.place) != pin.net:
            there = design.netlist.net("A1", pin.place)
            wrong.append(f"{pin.name} ({pin.seed}) is place {pin.place}, which is on {there}, not on {pin.net}")
        name = seed.digital_name(pin.seed)
        if name in seed.PORT and kicads.get(name) != pin.place:
            wrong.append(f"KiCad has {pin.seed} at place {kicads.get(name)}, not at {pin.place}")
    return Outcome(f"{len(design.pins)} pins", wrong)


def pin_kinds(design: Design) -> Outcome:
    """ADC pins are on ADC channels, LEDs on TIM4's, and each is what panel and firmware take it for."""
    allowed = {"adc": seed.ADC_PORTS, "pwm": seed.TIM4_PORTS}
    wrong = [
        f"{pin.name} ({pin.seed}, {seed.PORT[seed.digital_name(pin.seed)]}) is not on a pin that can do {pin.kind}"
        for pin in design.pins.values()
        if pin.kind in allowed and seed.PORT[seed.digital_name(pin.seed)] not in allowed[pin.kind]
    ]
    nets = design.netlist.net
    for pot, _, name, _ in POTS:
        if nets(pot, 2) != design.pins[name].net:
            wrong.append(f"the wiper of {pot} is on {nets(pot, 2)}, not on {design.pins[name].net}")
    for lamp, resistor, name, _ in LEDS:
        ends = {nets(resistor, 1), nets(resistor, 2)}
        if ends != {design.pins[name].net, nets(lamp, 2)}:
            wrong.append(f"{lamp} is not lit by {design.pins[name].net} through {resistor}")
    return Outcome(f"{sum(pin.kind in allowed for pin in design.pins.values())} pins", wrong)


def panel_holes(design: Design) -> Outcome:
    """Every part that looks through the panel has its hole, measured on the two files: pads here, circles there."""
    holes = _holes(design.panel.read_text(encoding="utf-8"))
    shafts = _shafts(design.footprints)
    wrong = [f"{part} has no shaft on the board" for part in FRONT if part not in shafts]
    for part, (x, y) in shafts.items():
        if not any((x - hole_x) ** 2 + (y - hole_y) ** 2 < 0.05**2 for hole_x, hole_y in holes):
            wrong.append(f"{part} at {x:.2f}, {y:.2f} mm has no hole over it")
    return Outcome(f"{len(shafts)} parts", wrong)


def _holes(panel: str) -> list[tuple[float, float]]:
    circles = children(parse(panel), "gr_circle")
    return [
        (float(str(centre[1])), float(str(centre[2])))
        for circle in circles
        if '"Edge.Cuts"' in children(circle, "layer")[0]
        for centre in children(circle, "center")
    ]


def _shafts(footprints: dict[str, Node]) -> dict[str, tuple[float, float]]:
    """Where the shafts, bushes and lenses are: from the pads' places, by each maker's drawing."""
    found = {}
    for reference, footprint in footprints.items():
        pads: dict[str, list[tuple[float, float]]] = {}
        for pad in children(footprint, "pad"):
            at = children(pad, "at")[0]
            pads.setdefault(unquoted(pad[1]), []).append((float(str(at[1])), float(str(at[2]))))
        local = _local_shaft(kind(reference), pads) if reference in FRONT else None
        if local:
            x, y, *rotation = (float(str(value)) for value in children(footprint, "at")[0][1:])
            dx, dy = turned(*local, *rotation)
            found[reference] = (x + dx, y + dy)
    return found


def _local_shaft(letters: str, pads: dict[str, list[tuple[float, float]]]) -> tuple[float, float] | None:
    """In the footprint's frame."""
    if letters == "RV":  # between the two lugs, which have no number
        lugs = pads[""]
        return (sum(x for x, _ in lugs) / len(lugs), sum(y for _, y in lugs) / len(lugs))
    if letters == "J":  # 4.92 mm from the tip's pin, on the line to the sleeve's
        (x, y), (_, sleeve) = pads["T"][0], pads["S"][0]
        return (x, y + (4.92 if sleeve > y else -4.92))
    if letters in ("D", "SW"):
        places = [place for group in pads.values() for place in group]
        return (sum(x for x, _ in places) / len(places), sum(y for _, y in places) / len(places))
    return None
