"""What is answered, in numbers and in words."""

from fractions import Fraction

import pytest

from powerplant.dispatch.outcome import Infeasible, Near, NoPlan, Plan, Undecided, mw


def test_a_plan_is_optimal_where_no_gap_is_left() -> None:
    plan = Plan((3, 4), 12.5, 0.0, 2.0)
    assert (plan.optimal, plan.bound_eur) == (True, 12.5)
    plan = Plan((3, 4), 12.5, 0.5, 2.0)
    assert (plan.optimal, plan.bound_eur) == (False, 12.0)


def test_near_loads_are_known_or_not_in_any_unit() -> None:
    assert Near(2, None).times(5) == Near(10, None)
    assert Near(None, 3).times(5) == Near(None, 15)


@pytest.mark.parametrize(
    ("tenths", "said"),
    [(0, "0"), (5, "0.5"), (1500, "150"), (10**6, "100000"), (Fraction(1, 2), "0.05"), (Fraction(1, 3), "0.033333333"),
     (10**16, "1.000000e+15"), (10**400, "1.000000e+399")],
)  # fmt: skip
def test_says_mw_in_decimals_as_long_as_that_is_short(tenths: int | Fraction, said: str) -> None:
    assert mw(tenths) == said


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Infeasible("granularity", Fraction(1, 2), Near(0, 1)),
         "load 0.05 MW is not a multiple of 0.1 MW; the nearest that can be met: 0 MW below and 0.1 MW above"),
        (Infeasible("capacity", 99, Near(50, None)),
         "load 9.9 MW is outside what the plants can produce, 0 to 5 MW"),
        (Infeasible("gcd", 11, Near(10, 15), 5),
         "as everything that the plants can produce is; the nearest that can be met: 1 MW below and 1.5 MW above"),
        (Infeasible("gap", 11, Near(None, None)),
         "load 1.1 MW lies in a gap between the loads that the plants can produce"),
        (Infeasible("gap", 11, Near(10, None)),
         "lies in a gap between the loads that the plants can produce; the nearest that can be met: 1 MW below"),
        (Undecided(11, 0.25),
         "load 1.1 MW: neither a plan nor a proof that there is none was found in 0.25 s and the memory for it"),
    ],
)  # fmt: skip
def test_says_why_there_is_no_plan(fault: NoPlan, said: str) -> None:
    assert said in str(fault)


def test_undecided_is_a_reason_of_its_own() -> None:
    fault = Undecided(11, 0.25)
    assert (fault.reason, fault.load, fault.below, fault.above) == ("undecided", 11, None, None)
