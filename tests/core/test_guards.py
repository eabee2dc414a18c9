"""The language of conditions: what it takes, what it refuses, and what it gives."""

from __future__ import annotations

import decimal
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from fsm_engine.core.guards import MAX_LENGTH, ExpressionError, Scope, compile_expression
from fsm_engine.model.slot import SlotType

SLOTS = {
    "n": SlotType("number"),
    "m": SlotType("number"),
    "price": SlotType("money"),
    "name": SlotType("text"),
    "day": SlotType("date"),
    "tags": SlotType("some of"),
    "ok": SlotType("yes or no"),
    "record": SlotType("value"),
    "nothing": SlotType("number"),
    "hour": SlotType("time"),
}
VALUES: dict[str, Any] = {
    "n": 3,
    "m": 0.1,
    "price": {"amount": "25.00", "currency": "USD"},
    "name": "Ana",
    "day": "2026-03-10",
    "tags": ["red", "blue"],
    "ok": True,
    "record": {"a": 1, "b": "x", "c": {"d": 2}},
    "hour": "09:30",
}
TODAY = date(2026, 3, 4)


def value_of(source: str, **more: Any) -> Any:
    return compile_expression(source, SLOTS).evaluate(Scope([{**VALUES, **more}], lambda: TODAY))


def is_true(source: str, **more: Any) -> bool:
    return compile_expression(source, SLOTS, must_be_bool=True).is_true(Scope([{**VALUES, **more}], lambda: TODAY))


def refusal(source: str) -> tuple[str, str]:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(source, SLOTS, must_be_bool=True)
    return caught.value.code, str(caught.value)


@pytest.mark.parametrize(
    "source",
    [
        "n == 3",
        "n != 4",
        "n < 4 and n <= 3 and n > 2 and n >= 3",
        "n + 1 == 4",
        "n - 1 == 2",
        "n * 2 == 6",
        "n / 2 == 1.5",
        "-n == -3",
        "n == 4 or ok",
        "not n == 4",
        "ok",
        "ok == true",
        "ok == yes",
        "not ok == no",
        "name == 'Ana'",
        "name < 'Ben'",
        "lower(name) == 'ana'",
        "length(name) == 3",
        "'n' in name",
        "'red' in tags",
        "'green' not in tags",
        "name in ['Ana', 'Ben']",
        "name in ('Ana', 'Ben')",
        "n in [1, 2, 3]",
        "count(tags) == 2",
        "has(name) and not has(nothing)",
        "day > today()",
        "day == today() + 6",
        "day - today() == 6",
        "today() - 1 < today()",
        "price >= 25",
        "price == 25",
        "price.currency == 'USD'",
        "price.amount == '25.00'",
        "record.a == 1",
        "record.b == 'x'",
        "(n > 1)",
        "n > 1\n",
    ],
)
def test_a_condition_that_holds(source: str) -> None:
    assert is_true(source)


@pytest.mark.parametrize(
    "source",
    [
        "nothing > 1",
        "nothing < 1",
        "nothing + 1 > 0",
        "nothing == 1",
        "not ok",
        "has(nothing)",
        "count(nothing) > 0",
        "n / 0 == 0",
        "n / 0 > 0",
        "name.first == 'x'",
        "record.z == 1",
        "record > 1",
        "'x' in nothing",
        "hour > '10:00'",
        "day > today() + 10000000000",
        "day < today() - 10000000000",
    ],
)
def test_a_condition_that_does_not_hold(source: str) -> None:
    assert not is_true(source)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("n ** 2 > 1", "guard-not-allowed"),
        ("n % 2 == 1", "guard-not-allowed"),
        ("n // 2 == 1", "guard-not-allowed"),
        ("n << 2 == 1", "guard-not-allowed"),
        ("n & 1 == 1", "guard-not-allowed"),
        ("~n == 1", "guard-not-allowed"),
        ("+n == 1", "guard-not-allowed"),
        ("n is 3", "guard-not-allowed"),
        ("1 < n < 4", "guard-not-allowed"),
        ("name.upper() == 'ANA'", "unknown-function"),
        ("name.__class__ == 'x'", "guard-not-allowed"),
        ("record.__class__.__mro__ == 'x'", "guard-not-allowed"),
        ("(1).__class__ == 'x'", "guard-not-allowed"),
        ("''.join == 'x'", "guard-not-allowed"),
        ("record.c.d == 2", "guard-not-allowed"),
        ("record['a'] == 1", "guard-not-allowed"),
        ("tags[0] == 'red'", "guard-not-allowed"),
        ("[x for x in tags] == tags", "guard-not-allowed"),
        ("{x for x in tags} == tags", "guard-not-allowed"),
        ("{1: 2} == record", "guard-not-allowed"),
        ("(x for x in tags) == tags", "guard-not-allowed"),
        ("f'{name}' == 'Ana'", "guard-not-allowed"),
        ("(lambda: True)()", "unknown-function"),
        ("lambda: True", "guard-not-allowed"),
        ("(x := 3) == 3", "guard-not-allowed"),
        ("ok if ok else ok", "guard-not-allowed"),
        ("[*tags] == tags", "guard-not-allowed"),
        ("await name", "guard-not-allowed"),
        ("yield", "guard-unreadable"),
        ("b'x' == name", "guard-not-allowed"),
        ("3j == n", "guard-not-allowed"),
        ("... == n", "guard-not-allowed"),
        ("None == n", "guard-not-allowed"),
        ("__import__('os')", "unknown-function"),
        ("open('x')", "unknown-function"),
        ("eval('1')", "unknown-function"),
        ("count(tags, tags) == 1", "guard-not-allowed"),
        ("count(x=tags) == 1", "unknown-function"),
        ("count() == 1", "guard-not-allowed"),
        ("today(1) == day", "guard-not-allowed"),
        ("count == 1", "guard-not-allowed"),
        ("import os", "guard-unreadable"),
        ("n = 3", "guard-unreadable"),
        ("n == 3; ok", "guard-unreadable"),
        ("ok && ok", "guard-unreadable"),
        ("", "guard-unreadable"),
        ("   ", "guard-unreadable"),
        ("n ==", "guard-unreadable"),
        ("\0", "guard-unreadable"),
        ("\ud800 == 1", "guard-unreadable"),
        ("(" * 240 + "ok" + ")" * 240, "guard-unreadable"),
        ("name", "guard-not-yes-or-no"),
        ("n + 1", "guard-not-yes-or-no"),
        ("count(tags)", "guard-not-yes-or-no"),
        ("today()", "guard-not-yes-or-no"),
        ("tags", "guard-not-yes-or-no"),
        ("name and name", "guard-not-yes-or-no"),
        ("'x'", "guard-not-yes-or-no"),
        ("nam == 'Ana'", "unknown-slot"),
        ("name > 1", "guard-kinds"),
        ("n == 'three'", "guard-kinds"),
        ("day > 5", "guard-kinds"),
        ("ok == 1", "guard-kinds"),
        ("name + 1 == 2", "guard-kinds"),
        ("name + 'x' == 'Anax'", "guard-kinds"),
        ("day + day == day", "guard-kinds"),
        ("not name", "guard-kinds"),
        ("-name == name", "guard-not-allowed"),
        ("1" * 1_000_000 + " == n", "guard-too-large"),
        ("x" * (MAX_LENGTH + 1), "guard-too-large"),
        ("not " * 100 + "ok", "guard-too-large"),
        ("-" * 480 + "n > 1", "guard-too-large"),
        ("[[[[[[[[[[[[[[n]]]]]]]]]]]]]] == tags", "guard-too-large"),
        (" and ".join(["ok"] * 60) + " or " + " or ".join(["ok"] * 59), "guard-too-large"),
        ("{" + "-" * 480 + "n}", "guard-not-allowed"),
        ("n" + ".a" * 240 + " == 1", "guard-not-allowed"),
        ("n" + "()" * 240, "unknown-function"),
    ],
)
def test_what_conditions_refuse(source: str, code: str) -> None:
    assert refusal(source)[0] == code


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("n = 3", "'n = 3' cannot be read. To compare, write two equals signs: ==."),
        ("ok && ok", "'ok && ok' cannot be read. Write 'and' and 'or' as words."),
        ("name > 1", "'name > 1' compares a text with a number."),
        (
            "name",
            "'name' gives a text, but a condition must be true or false. Compare it with something, or use has(…).",
        ),
        ("day + day == day", "'day + day': a date + a date cannot be calculated."),
        ("n is 3", "'n is 3': use == instead of is."),
        ("count", "'count' is a function: write count(…)."),
    ],
)
def test_refusals_say_what_to_write(source: str, message: str) -> None:
    assert refusal(source)[1] == message


def test_a_refused_name_is_named(tmp_path: object) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression("nam == 'x'", SLOTS)

    assert caught.value.name == "nam"


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("0.1 + 0.2", Decimal("0.3")),
        ("m + 0.2", Decimal("0.3")),
        ("n / 4", Decimal("0.75")),
        ("price * 3", Decimal("75.00")),
        ("123456789012345678901234567890 + 1", Decimal(123456789012345678901234567891)),
        ("9999999999999999999 * 9999999999999999999", Decimal(99999999999999999980000000000000000001)),
        ("1000000000000000000000 * 1000000000000000000000", None),
        ("1 / 0", None),
        ("0 / 0", None),
        ("nothing * 2", None),
        ("1e400 * 1", None),
        ("0.1234567890123456789012345 + 0", Decimal("0.1234567890123456789012345")),
        ("1_000.5 + 0", Decimal("1000.5")),
        ("today()", date(2026, 3, 4)),
        ("day + 1", date(2026, 3, 11)),
        ("day - 1.9", date(2026, 3, 9)),
        ("day - day", Decimal(0)),
        ("day + 99999999", None),
        ("day + nothing", None),
        ("lower(nothing)", None),
        ("length(nothing)", Decimal(0)),
        ("none", None),
        ("nothing or 'friend'", "friend"),
        ("name or 'friend'", "Ana"),
        ("nothing and name", None),
        ("ok and name", "Ana"),
        ("record.c", {"d": 2}),
    ],
)
def test_what_an_expression_gives(source: str, value: Any) -> None:
    result = value_of(source)

    assert result == value
    assert type(result) is type(value)


def test_figures_do_not_depend_on_the_programs_own_decimal_settings() -> None:
    with decimal.localcontext() as context:
        context.prec = 2
        context.traps[decimal.Inexact] = True

        assert value_of("123.45 + 0.05") == Decimal("123.50")
        assert is_true("n / 7 > 0")


@pytest.mark.parametrize(
    "amount", ["", "x", "NaN", "sNaN", "Infinity", "-Infinity", None, [], {}, 1e308, "1E+999999999", True, "٣"]
)
def test_a_guard_never_raises_whatever_a_slot_holds(amount: Any) -> None:
    values = [amount, {"amount": amount, "currency": "USD"}, {"amount": amount}, [amount], {"currency": amount}]
    sources = ["{0} > 1", "{0} == 1", "{0} + 1 > 0", "1 / {0} > 0", "-{0} < 0", "{0} * {0} > 1", "{0} - today() > 1"]
    sources += ["{0} in tags", "1 in {0}", "count({0}) > 0", "length({0}) > 0", "has({0})", "not {0}", "{0} or ok"]
    sources += ["lower({0}) == 'x'", "{0}.amount == 1", "today() + {0} > today()", "{0} == {0}", "{0} < {0}"]
    for value in values:
        for source in sources:
            expression = compile_expression(source.format("record"), SLOTS)
            expression.is_true(Scope([{"record": value}], lambda: TODAY))


@pytest.mark.parametrize("day", ["", "x", "2026-13-01", 5, None, "2026-03-10T09:30:00", ["2026-03-10"]])
def test_a_day_that_is_none_compares_as_nothing(day: Any) -> None:
    assert is_true("day > today()", day=day) is (day == "2026-03-10T09:30:00")


def test_a_guard_is_true_only_for_a_real_true() -> None:
    for value in (1, "yes", [1], {"a": 1}, None, False):
        assert not compile_expression("record", SLOTS, must_be_bool=True).is_true(
            Scope([{"record": value}], lambda: TODAY)
        )


def test_the_nearest_value_is_seen_first() -> None:
    scope = Scope([{"n": 1}, {"n": 2, "m": 3}], lambda: TODAY)

    assert compile_expression("n + m", SLOTS).evaluate(scope) == 4


def test_the_slots_that_are_named_are_known() -> None:
    expression = compile_expression("has(name) and n > count(tags) or price.currency == 'USD'", SLOTS)

    assert expression.names == {"name", "n", "tags", "price"}
    assert expression.plain_slot is None
    assert compile_expression("name", SLOTS).plain_slot == "name"
    assert compile_expression("(name)", SLOTS).plain_slot == "name"
    assert compile_expression("true", SLOTS).plain_slot is None
