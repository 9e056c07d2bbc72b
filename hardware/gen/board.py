# SPDX-License-Identifier: MIT
"""The board in KiCad's own hands: footprints to their places, later tracks and planes. Needs Debian's python3 (pcbnew).

python3 -m hardware.gen.board place NETLIST.xml BOARD PROBLEM.json    footprints; what the router has to connect
python3 -m hardware.gen.board route BOARD ROUTES.json                 tracks, vias, planes
"""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pcbnew

from hardware.gen import board_silkscreen
from hardware.gen.board_silkscreen import edges_mm, point
from hardware.gen.placement import BACK, BOTTOM, FRONT, LEFT, RIGHT, TOP, Spot, kind
from hardware.gen.router_grid import VIA_MM

FOOTPRINTS = Path("/usr/share/kicad/footprints")
# From a part's hole in the panel to its footprint's origin, and how the footprint is turned.
ORIGIN = {"RV": (-2.5, 7.5, 90), "J": (0.0, -6.48, 0), "D": (-1.27, 0.0, 0), "SW": (-3.25, -2.25, 0)}
DRILL_MM = 0.3
EDGE_MM, CLEARANCE_MM = 0.5, 0.25


def place(netlist: Path, path: Path, problem: Path) -> None:
    """A new board with every part of the netlist at its place, and the router's task beside it."""
    board = pcbnew.NewBoard(str(path))
    footprints = _footprints(board, ElementTree.parse(netlist).getroot())
    for reference, (x, y) in FRONT.items():
        dx, dy, rotation = ORIGIN[kind(reference)]
        footprints[reference].SetOrientationDegrees(rotation)
        footprints[reference].SetPosition(point(x + dx, y + dy))
    for reference, spot in BACK.items():
        _put_on_back(footprints[reference], spot)
    _outline(board)
    board_silkscreen.write(board, footprints)
    problem.write_text(json.dumps({"bounds": [LEFT, TOP, RIGHT, BOTTOM], "pads": _pads(board)}))
    board.Save(str(path))


def _footprints(board: pcbnew.BOARD, netlist: ElementTree.Element) -> dict[str, pcbnew.FOOTPRINT]:
    """Every part of the netlist, its pads on their nets, its fields as the schematic has them."""
    nets = {}
    for net in netlist.iter("net"):
        item = pcbnew.NETINFO_ITEM(board, net.get("name"))
        board.Add(item)
        nets.update({(node.get("ref"), node.get("pin")): item for node in net.iter("node")})
    found = {}
    for component in netlist.iter("comp"):
        reference, name = component.get("ref", ""), component.findtext("footprint", "")
        if reference not in FRONT and reference not in BACK:
            raise SystemExit(f"{reference} has no place; give it one in hardware/gen/placement.py")
        library, shape = name.split(":")
        footprint = pcbnew.FootprintLoad(str(FOOTPRINTS / f"{library}.pretty"), shape)
        footprint.SetFPID(pcbnew.LIB_ID(library, shape))
        footprint.SetReference(reference)
        footprint.SetValue(component.findtext("value"))
        footprint.SetPath(pcbnew.KIID_PATH("/" + min(component.findtext("tstamps", "").split())))
        footprint.SetSheetname("/")
        footprint.SetSheetfile("module.kicad_sch")
        for field in component.iter("field"):
            if field.get("name") in ("Manufacturer", "MPN"):
                footprint.SetField(field.get("name"), field.text)
                footprint.GetFieldByName(field.get("name")).SetVisible(False)
        for pad in footprint.Pads():
            if (reference, pad.GetNumber()) in nets:
                pad.SetNet(nets[reference, pad.GetNumber()])
        board.Add(footprint)
        found[reference] = footprint
    return found


def _put_on_back(footprint: pcbnew.FOOTPRINT, spot: Spot) -> None:
    """Flips a part and puts the middle of its pads on its spot."""
    footprint.Flip(footprint.GetPosition(), pcbnew.FLIP_DIRECTION_LEFT_RIGHT)
    footprint.SetOrientationDegrees(spot.rotation)
    places = [pad.GetPosition() for pad in footprint.Pads()]
    middle_x = (min(place.x for place in places) + max(place.x for place in places)) / 2
    middle_y = (min(place.y for place in places) + max(place.y for place in places)) / 2
    goal = point(spot.x, spot.y)
    footprint.Move(pcbnew.VECTOR2I(int(goal.x - middle_x), int(goal.y - middle_y)))


def _outline(board: pcbnew.BOARD) -> None:
    shape = pcbnew.PCB_SHAPE(board, pcbnew.SHAPE_T_RECT)
    shape.SetStart(point(LEFT, TOP))
    shape.SetEnd(point(RIGHT, BOTTOM))
    shape.SetLayer(pcbnew.Edge_Cuts)
    shape.SetWidth(pcbnew.FromMM(0.1))
    board.Add(shape)


def _pads(board: pcbnew.BOARD) -> list[dict]:
    """Every pad as the router sees it: a box or a disc, on which layers, on which net."""
    pads = []
    for footprint in board.GetFootprints():
        for pad in footprint.Pads():
            layers = [index for index, layer in enumerate((pcbnew.F_Cu, pcbnew.B_Cu)) if pad.IsOnLayer(layer)]
            pads.append(
                {
                    "name": f"{footprint.GetReference()}.{pad.GetNumber()}",
                    "net": pad.GetNetname(),
                    "x": pcbnew.ToMM(pad.GetPosition().x),
                    "y": pcbnew.ToMM(pad.GetPosition().y),
                    "box": edges_mm([pad]),
                    "layers": layers,
                    "drilled": pad.GetDrillSize().x > 0,
                    "round": pad.GetShape() == pcbnew.PAD_SHAPE_CIRCLE,
                }
            )
        for area in footprint.Zones():  # where a jack's maker wants no copper; an obstacle like a pad of no net
            left, top, right, bottom = edges_mm([area])
            pads.append(
                {
                    "name": f"{footprint.GetReference()}.keepout",
                    "net": "",
                    "x": (left + right) / 2,
                    "y": (top + bottom) / 2,
                    "box": [left, top, right, bottom],
                    "layers": [0, 1],
                    "drilled": True,
                    "round": False,
                }
            )
    return sorted(pads, key=lambda pad: (pad["name"], pad["x"], pad["y"]))


def route(path: Path, routes: Path) -> None:
    """Lays the router's tracks and vias, then fills both sides with ground."""
    board = pcbnew.LoadBoard(str(path))
    found = json.loads(routes.read_text())
    for line in found["tracks"]:
        track = pcbnew.PCB_TRACK(board)
        track.SetStart(point(*line["start"]))
        track.SetEnd(point(*line["end"]))
        track.SetLayer((pcbnew.F_Cu, pcbnew.B_Cu)[line["layer"]])
        track.SetWidth(pcbnew.FromMM(line["width"]))
        track.SetNet(board.FindNet(line["net"]))
        board.Add(track)
    for hole in found["vias"]:
        via = pcbnew.PCB_VIA(board)
        via.SetPosition(point(*hole["at"]))
        via.SetWidth(pcbnew.FromMM(VIA_MM))
        via.SetDrill(pcbnew.FromMM(DRILL_MM))
        via.SetNet(board.FindNet(hole["net"]))
        board.Add(via)
    _planes(board)
    board.Save(str(path))


def _planes(board: pcbnew.BOARD) -> None:
    for layer in (pcbnew.F_Cu, pcbnew.B_Cu):
        zone = pcbnew.ZONE(board)
        zone.SetLayer(layer)
        zone.SetNet(board.FindNet("GND"))
        zone.SetLocalClearance(pcbnew.FromMM(CLEARANCE_MM))
        zone.SetMinThickness(pcbnew.FromMM(0.25))
        zone.SetThermalReliefGap(pcbnew.FromMM(0.25))
        zone.SetThermalReliefSpokeWidth(pcbnew.FromMM(0.5))
        zone.SetIslandRemovalMode(pcbnew.ISLAND_REMOVAL_MODE_ALWAYS)
        outline = zone.Outline()
        outline.NewOutline()
        for x in (LEFT + EDGE_MM, RIGHT - EDGE_MM):
            for y in (TOP + EDGE_MM, BOTTOM - EDGE_MM) if x < RIGHT / 2 else (BOTTOM - EDGE_MM, TOP + EDGE_MM):
                outline.Append(pcbnew.FromMM(x), pcbnew.FromMM(y))
        board.Add(zone)
    pcbnew.ZONE_FILLER(board).Fill(board.Zones())


if __name__ == "__main__":
    command, *paths = sys.argv[1:]
    if command == "place":
        place(*map(Path, paths))
    else:
        route(*map(Path, paths))
