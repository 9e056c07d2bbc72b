# SPDX-License-Identifier: MIT
"""Who turns the knobs in a calibration: what a person is asked, and what the tool does on a board without a panel."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from stand_ins import StandInModule

from host_tools import boards
from host_tools.device import Device
from host_tools.errors import UserError
from host_tools.module import calibrate
from host_tools.module.calibrate import Answer, Refusal, measure, store
from host_tools.module.calibration_audio import AUDIO_STEPS
from host_tools.module.calibration_checks import CABLES_OUT, CV_STEPS, LEFT, Finding
from host_tools.module.calibration_hands import Person, VirtualHands, hands_for
from host_tools.module.client import ModuleClient
from host_tools.module.panel import Panel


def person(monkeypatch: pytest.MonkeyPatch, *answers: str) -> tuple[Person, io.StringIO]:
    """A person who answers so, and then is gone."""
    words, text = iter(answers), io.StringIO()
    console = Console(file=text, width=80)

    def ask(prompt: str) -> str:
        try:
            return next(words)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr(console, "input", ask)
    return Person(console), text


def test_a_person_tells_the_volts_of_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    hands, text = person(monkeypatch, "", "", "-3", "nine", "0.5", "6", "nan", " 5.03 ")
    assert hands.follow(CABLES_OUT) == Panel()
    assert [hands.follow(CV_STEPS[0][0]).cv_x, hands.follow(CV_STEPS[0][1]).cv_x] == [5.0, -3.0]
    assert hands.follow(CV_STEPS[1][0]) == Panel(cv_y=5.03)
    assert text.getvalue().count("Between 1 and 5.3 V") == 4 and "2 of 7: CV X, first voltage" in text.getvalue()


def test_a_person_tells_what_the_multimeter_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    hands, text = person(monkeypatch, "", "-1", "0", "nan", "inf", "two", " 1.98 ", "0.5")
    assert [hands.follow_audio(step) for step in AUDIO_STEPS] == [1.98, 0.5]
    assert text.getvalue().count("A number above zero") == 6
    assert "audio, 2 of 2: sine at OUT" in text.getvalue() and "the module is in bypass now" in text.getvalue()


def test_a_person_is_told_what_is_wrong_and_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    hands, text = person(monkeypatch, "what?", "b", "", "G")
    finding = Finding("CV X reads 5", "6", "is it 5?")
    assert [hands.refused(LEFT, [finding]) for _ in range(3)] == [Answer.BACK, Answer.AGAIN, Answer.GIVE_UP]
    assert "refused: CV X reads 5\n  expected 6\n  is it 5?" in text.getvalue()


def test_without_a_terminal_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    hands, _ = person(monkeypatch)
    with pytest.raises(UserError, match="nobody answers; run it in a terminal"):
        hands.follow(CABLES_OUT)


def test_a_panel_of_its_own_needs_a_person() -> None:
    client = ModuleClient(Device(StandInModule(adc=lambda: [0] * 8)))
    assert isinstance(hands_for(client, Console(file=io.StringIO())), Person)


def test_a_board_without_a_panel_is_calibrated_by_the_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibrate, "READINGS", 4)  # they take real time
    text = io.StringIO()
    with boards.open_board("host") as device:
        client = ModuleClient(device)
        before = client.next_status().adc
        hands = hands_for(client, Console(file=text, width=80))
        assert (
            isinstance(hands, VirtualHands)
            and "this board has no panel; its knobs are turned for you" in text.getvalue()
        )
        samples = measure(client, hands)
        assert not isinstance(samples, Refusal) and client.next_status().adc == before
        after = store(client, samples).after
        assert client.settings().circuit == after
    assert after.pot_low == pytest.approx([300] * 6, abs=15) and after.pot_high == pytest.approx([65_100] * 6, abs=15)
    assert after.cv_zero == pytest.approx([33_305] * 2, abs=15) and after.cv_per_volt == pytest.approx(
        [-5_839] * 2, abs=3
    )
