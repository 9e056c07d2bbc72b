# SPDX-License-Identifier: MIT
"""From the router's task to tracks and vias in millimetres, both as JSON. Depends on `router`.

python -m hardware.gen.routes PROBLEM.json ROUTES.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from hardware.gen.router import Router
from hardware.gen.router_grid import Grid, Pad


def routed(problem: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """All tracks and vias of a board. Ground's pads go to the planes, everything else is connected."""
    pads = [Pad(**pad) for pad in problem["pads"]]
    router = Router(Grid(tuple(problem["bounds"]), pads))
    stubs = router.ground_stubs()
    ground = [item for path in stubs for item in router.stub_items(path)]
    router.grid.paint(ground, router.width("GND"), -1)  # fixed by now, and no longer somebody in the way
    nets = [net for net in router.grid.numbers if net != "GND" and sum(pad.net == net for pad in pads) > 1]
    routes = router.negotiate(sorted(nets, key=lambda net: _extent(pads, net)))
    router.grid.paint(ground, router.width("GND"), 1)
    tracks: list[dict[str, Any]] = []
    vias = [{"at": router.grid.place(cell), "net": "GND"} for cell in router.stitches()]
    for net, paths in [("GND", stubs), *routes.items()]:
        joints = {state for path in paths for state in (path[0], path[-1])}
        for path in paths:
            _lay(router, net, path, joints, tracks, vias)
    vias += [{"at": router.grid.place(path[-1] % router.grid.size), "net": "GND"} for path in stubs]
    return {"tracks": tracks, "vias": vias}


def _extent(pads: list[Pad], net: str) -> float:
    """Half the edge of the box around a net's pads: short nets are routed first."""
    xs, ys = [pad.x for pad in pads if pad.net == net], [pad.y for pad in pads if pad.net == net]
    return max(xs) - min(xs) + max(ys) - min(ys)


def _lay(router: Router, net: str, path: list[int], joints: set[int], tracks: list[dict], vias: list[dict]) -> None:
    """Steps in one direction become one track, changes of layer a via; tracks end where others of the net begin."""
    size, place = router.grid.size, router.grid.place
    index = 0
    while index < len(path) - 1:
        here, there = path[index], path[index + 1]
        if here // size != there // size:
            vias.append({"at": place(here % size), "net": net})
            index += 1
            continue
        end = index + 1
        while end < len(path) - 1 and path[end + 1] - path[end] == there - here and path[end] not in joints:
            end += 1
        ends = {"start": place(here % size), "end": place(path[end] % size)}
        tracks.append({**ends, "layer": here // size, "width": router.width(net), "net": net})
        index = end


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    found = routed(json.loads(source.read_text()))
    target.write_text(json.dumps(found))
    print(f"{len(found['tracks'])} tracks, {len(found['vias'])} vias")
