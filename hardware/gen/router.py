# SPDX-License-Identifier: MIT
"""Connects the pads on two layers: A* and negotiated congestion (PathFinder: McMurchie and Ebeling, FPGA 1995).

Every track and via keeps its distance by construction. The same board gives the same tracks. Depends on `router_grid`.
"""

from __future__ import annotations

import heapq
import itertools

from hardware.gen.placement import SIGNAL_MM, WIDTHS_MM
from hardware.gen.router_grid import FREE, STEP_MM, WIDTHS, Grid, Item, claim

FRONT_COST = 1.6  # the front is kept for ground
VIA_COST = 12.0  # as 3 mm of track
ROUNDS = 60
STITCH_MM = 5.0  # between vias that tie the two planes
_STEPS = [(x, y, (x * x + y * y) ** 0.5) for x in (-1, 0, 1) for y in (-1, 0, 1) if x or y]

Way = list[int]  # states: layer x cells + cell


class Router:
    def __init__(self, grid: Grid):
        self.grid = grid
        self.history = [[0.0] * grid.size for _ in (0, 1)]
        self.via_history = [0.0] * grid.size

    def width(self, net: str) -> float:
        """Of a net's tracks. KiCad writes a slash before the name of a labelled net."""
        return WIDTHS_MM.get(net.removeprefix("/"), SIGNAL_MM)

    def find(self, net: str, start: set[int], goal: set[int], pressure: float) -> Way | None:
        """The cheapest way from a tree to a pad; with no goal, to the nearest place for a via."""
        grid, number, index = self.grid, self.grid.numbers[net], WIDTHS.index(self.width(net))
        size, columns, rows = grid.size, grid.columns, grid.rows
        xs, ys = [state % size % columns for state in goal], [state % size // columns for state in goal]
        box = (min(xs), max(xs), min(ys), max(ys)) if goal else None

        def ahead(cell: int) -> float:
            if box is None:
                return 0.0
            x, y = cell % columns, cell // columns
            dx, dy = max(box[0] - x, 0, x - box[1]), max(box[2] - y, 0, y - box[3])
            return max(dx, dy) + 0.414 * min(dx, dy)

        best = dict.fromkeys(start, 0.0)
        parents: dict[int, int] = {}
        queue = [(ahead(state % size), state) for state in start]
        heapq.heapify(queue)
        done: set[int] = set()
        while queue:
            _, state = heapq.heappop(queue)
            if state in done:
                continue
            done.add(state)
            layer, cell = divmod(state, size)
            via_may_be_here = grid.vias[cell] in (FREE, number)
            if state in goal or (not goal and via_may_be_here and not grid.used_vias[cell]):
                path = [state]
                while state in parents:
                    state = parents[state]
                    path.append(state)
                return path[::-1]
            allowed, used, history = grid.tracks[layer][index], grid.used_tracks[layer][index], self.history[layer]
            cost, factor = best[state], FRONT_COST if layer == 0 else 1.0
            x, y = cell % columns, cell // columns
            steps = []
            for dx, dy, length in _STEPS:
                if not (0 <= x + dx < columns and 0 <= y + dy < rows):
                    continue
                there = cell + dx + dy * columns
                if allowed[there] not in (FREE, number):
                    continue
                corners = (cell + dx, cell + dy * columns)
                if dx and dy and any(allowed[corner] not in (FREE, number) for corner in corners):
                    continue  # a diagonal would cut a pad's corner
                price = length * factor * (1 + history[there] + pressure * used[there])
                steps.append((layer * size + there, there, price))
            if goal and via_may_be_here and grid.tracks[1 - layer][index][cell] in (FREE, number):
                price = VIA_COST * (1 + self.via_history[cell] + pressure * grid.used_vias[cell])
                steps.append(((1 - layer) * size + cell, cell, price))
            for state_there, there, price in steps:
                if cost + price < best.get(state_there, float("inf")):
                    best[state_there] = cost + price
                    parents[state_there] = state
                    heapq.heappush(queue, (cost + price + ahead(there), state_there))
        return None

    def items(self, path: Way) -> list[Item]:
        size = self.grid.size
        vias = [Item(-1, one % size) for one, other in itertools.pairwise(path) if one // size != other // size]
        return vias + [Item(*divmod(state, size)) for state in path]

    def stub_items(self, path: Way) -> list[Item]:
        """A ground pad's track and the via at its end."""
        return [*self.items(path), Item(-1, path[-1] % self.grid.size)]

    def connect(self, net: str, pressure: float) -> list[Way]:
        """A tree over all pads of a net, the nearest pad next."""
        grid = self.grid
        pads = [index for index, pad in enumerate(grid.pads) if pad.net == net]
        states = [
            {layer * grid.size + cell for layer in grid.pads[index].layers for cell in grid.cells_of_pad[index]}
            for index in pads
        ]
        tree, left, paths = set(states[0]), list(range(1, len(pads))), []
        while left:
            reached = [divmod(state % grid.size, grid.columns) for state in sorted(tree)[:: max(1, len(tree) // 200)]]

            def gap(index: int, reached: list[tuple[int, int]] = reached) -> int:
                y, x = divmod(min(states[index]) % grid.size, grid.columns)
                return min(abs(y - row) + abs(x - column) for row, column in reached)

            nearest = min(left, key=gap)
            path = self.find(net, tree, states[nearest], pressure)
            if path is None:
                raise SystemExit(f"no way for {net}; make room in hardware/gen/placement.py")
            paths.append(path)
            tree |= set(path) | states[nearest]
            left.remove(nearest)
        return paths

    def negotiate(self, nets: list[str]) -> dict[str, list[Way]]:
        """Routes all nets, lets them cross at first, and makes crossings dearer until there are none."""
        routes: dict[str, list[Way]] = {}
        pressure, todo = 0.6, nets
        for _ in range(ROUNDS):
            for net in todo:
                for path in routes.pop(net, []):
                    self.grid.paint(self.items(path), self.width(net), -1)
                routes[net] = self.connect(net, pressure)
                for path in routes[net]:
                    self.grid.paint(self.items(path), self.width(net), 1)
            todo = [net for net in nets if self._collides(net, routes[net])]
            if not todo:
                return routes
            pressure = min(1.5 * pressure, 40.0)
        raise SystemExit(f"these nets still cross: {', '.join(todo)}; make room in hardware/gen/placement.py")

    def _collides(self, net: str, paths: list[Way]) -> bool:
        """Whether others are in this net's way; what they dispute gets dearer."""
        grid, width = self.grid, self.width(net)
        index, all_items = WIDTHS.index(width), [self.items(path) for path in paths]
        for items in all_items:
            grid.paint(items, width, -1)
        found = False
        for layer, cell in (item for items in all_items for item in items):
            used = grid.used_vias if layer < 0 else grid.used_tracks[layer][index]
            if used[cell]:
                (self.via_history if layer < 0 else self.history[layer])[cell] += 0.4
                found = True
        for items in all_items:
            grid.paint(items, width, 1)
        return found

    def ground_stubs(self) -> list[Way]:
        """From each ground pad of one side a short track to a via into the other side's plane; fixed from then on."""
        grid, stubs = self.grid, []
        for pad, cells in zip(grid.pads, grid.cells_of_pad, strict=True):
            if pad.net == "GND" and len(pad.layers) == 1:
                path = self.find("GND", {pad.layers[0] * grid.size + cell for cell in cells}, set(), 0.0)
                if path is None:
                    raise SystemExit(f"no room for a ground via at {pad.name}; move it in hardware/gen/placement.py")
                grid.paint(self.stub_items(path), self.width("GND"), 1)
                stubs.append(path)
        number = grid.numbers["GND"]
        for cell in range(grid.size):
            for layer in (0, 1):
                for index in range(len(WIDTHS)):
                    if grid.used_tracks[layer][index][cell]:
                        claim(grid.tracks[layer][index], cell, number)
            if grid.used_vias[cell]:
                claim(grid.vias, cell, number)
        return stubs

    def stitches(self) -> list[int]:
        """Cells for vias between the planes, about STITCH_MM apart, wherever both sides are free."""
        grid, found = self.grid, []
        step, reach = int(STITCH_MM / STEP_MM), int(2 / STEP_MM)
        span = range(-reach, reach + 1)
        near = sorted(((dx, dy) for dx in span for dy in span), key=lambda move: move[0] ** 2 + move[1] ** 2)
        for row in range(step // 2, grid.rows, step):
            for column in range(step // 2, grid.columns, step):
                for dx, dy in near:
                    x, y = column + dx, row + dy
                    if not (0 <= x < grid.columns and 0 <= y < grid.rows):
                        continue
                    cell = x + y * grid.columns
                    if grid.vias[cell] in (FREE, grid.numbers["GND"]) and not grid.used_vias[cell]:
                        grid.paint([Item(-1, cell)], SIGNAL_MM, 1)
                        found.append(cell)
                        break
        return found
