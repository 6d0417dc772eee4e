"""`manage.py productionplan` and the planning behind it and behind `builder plan`."""

import io
import json
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test.utils import override_settings

from powerplant.dispatch import Infeasible
from powerplant.planning import Limits, planned
from powerplant.units import Malformed, TooManyPlants
from tests.live import PROJECT
from tests.powerplant.oracles import payload

LIMITS = Limits(budget_s=2, max_plants=6)
PAYLOAD = str(PROJECT / "docs/payloads/payload1.json")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run(*arguments: str, out: io.StringIO | None = None) -> str:
    out = out or io.StringIO()
    call_command("productionplan", *arguments, stdout=out)
    return out.getvalue()


def test_plans_from_the_text_of_a_payload() -> None:
    told = planned(json.dumps(payload(480, 60)), wind="curtail", co2=False, limits=LIMITS)
    assert (told["cost_eur"], told["wind"], told["co2"]) == (pytest.approx(9314.264151), "curtail", False)
    with pytest.raises(Infeasible):
        planned(json.dumps(payload(1e9)), wind="onoff", co2=True, limits=LIMITS)
    with pytest.raises(TooManyPlants):
        planned(json.dumps(payload()), wind="onoff", co2=True, limits=Limits(2, 5))


@pytest.mark.parametrize(
    "text", ["", "{", "\ufeff{}", "[" * 100_000, '{"load": NaN}', '{"load": ' + "9" * 5000 + "}", '{"load": 1e999}']
)
def test_a_text_that_is_no_payload_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        planned(text, wind="onoff", co2=True, limits=LIMITS)


def test_prints_a_table_on_a_terminal_and_the_challenges_answer_elsewhere() -> None:
    assert run(PAYLOAD, out=Terminal()).splitlines()[0].split()[:3] == ["plant", "type", "MW"]
    assert json.loads(run(PAYLOAD))[2] == {"name": "gasfiredbig1", "p": 368.4}
    assert run(PAYLOAD, "--json", out=Terminal()) == run(PAYLOAD)
    assert json.loads(run(PAYLOAD, "--report"))["cost_eur"] == pytest.approx(11524.664151)
    assert "optimal: proven" in run(PAYLOAD, "--table")


def test_follows_the_options_and_the_settings() -> None:
    assert json.loads(run(PAYLOAD, "--report", "--wind", "curtail", "--no-co2"))["wind"] == "curtail"
    with override_settings(POWERPLANT_CO2=False):
        assert json.loads(run(PAYLOAD, "--report"))["co2"] is False
        assert json.loads(run(PAYLOAD, "--report", "--co2"))["co2"] is True
    assert json.loads(run(PAYLOAD, "--report"))["co2"] is True
    assert json.loads(run(PAYLOAD, "--report", "--no-co2"))["co2"] is False


def test_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path(PAYLOAD).read_bytes())))
    assert run("-") == run(PAYLOAD)


@pytest.mark.parametrize(
    ("data", "message", "status"),
    [
        (b'{"load": -1, "fuels": {}}', "1.79769e+308\n#/powerplants: powerplants is missing; it must be a list", 1),
        (b"\xff", "is not UTF-8 text", 1),
        (b'{"load": 1, "fuels": {}, "powerplants": []}', "load 1 MW is outside what the plants can", 1),
        (None, "cannot be read: No such file or directory", 3),
    ],
)  # fmt: skip
def test_a_refusal_says_why(data: bytes | None, message: str, status: int, tmp_path: Path) -> None:
    file = tmp_path / "payload.json"
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(CommandError) as refused:
        run(str(file))
    assert message in str(refused.value)
    assert refused.value.returncode == status
