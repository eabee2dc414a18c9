"""The expression language of guards, `prefill` and `{placeholders}`: parsed once, checked, compiled to closures.

An expression is read with Python's own parser and then held against an allow-list of syntax-tree nodes, so that
nothing but comparisons, `and or not`, `in`, `+ - * /`, the functions of ``FUNCTIONS`` and `slot.part` can be written.
There is no `eval`: every node becomes a small closure over its operands.

A slot without a value is ``None``. Ordering it, or calculating with it, gives ``None``, and a guard that gives ``None``
is false: a guard never raises at run time.
"""

from __future__ import annotations

import ast
import keyword
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from fsm_engine.core.expression_values import (
    BOOL,
    DATE,
    KIND_OF_SLOT_TYPE,
    NUMBER,
    TEXT,
    UNKNOWN,
    Kind,
    arithmetic,
    as_stored,
    as_value,
    compare,
    contains,
    exact_number,
    part_of,
)
from fsm_engine.core.expression_values import LIST as LIST_KIND
from fsm_engine.model.slot import SlotType
from fsm_engine.model.values import turn_value

MAX_LENGTH = 500
MAX_NODES = 100
MAX_DEPTH = 12

Value: TypeAlias = Any
"""bool, Decimal, str, date, datetime, list, dict or None."""


@turn_value
class Scope:
    """What an expression can see: slot values, nearest frame first, and the user's day, which few ask for."""

    layers: Sequence[Mapping[str, Any]]
    today: Callable[[], date]

    def get(self, name: str) -> Any:
        """The value nearest to the running step, or None."""
        for layer in self.layers:
            if name in layer:
                return layer[name]
        return None


Closure: TypeAlias = Callable[[Scope], Value]


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression: ``evaluate(scope)``, what kind of value it gives, which slots it looks at."""

    source: str
    evaluate: Closure
    kind: Kind
    names: frozenset[str]
    plain_slot: str | None = None

    def is_true(self, scope: Scope) -> bool:
        """The guard's answer; anything but a real True is no."""
        return self.evaluate(scope) is True


class ExpressionError(ValueError):
    """An expression that cannot be used; ``code`` is a problem code, ``name`` the slot or function in question."""

    def __init__(self, code: str, message: str, *, name: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.name = name


WORDS: Mapping[str, Value] = {"true": True, "false": False, "yes": True, "no": False, "none": None}


def _count(value: Value) -> Value:
    return Decimal(len(value)) if isinstance(value, (list, dict)) else Decimal(0)


def _length(value: Value) -> Value:
    return Decimal(len(value)) if isinstance(value, str) else Decimal(0)


def _lower(value: Value) -> Value:
    return value.lower() if isinstance(value, str) else None


FUNCTIONS: Mapping[str, tuple[Kind, Callable[[Value], Value]]] = {
    "count": (NUMBER, _count),
    "length": (NUMBER, _length),
    "lower": (TEXT, _lower),
}
"""Functions of one argument; ``has(slot)`` and ``today()`` are compiled apart."""

FUNCTION_NAMES: tuple[str, ...] = ("count", "has", "length", "lower", "today")


def compile_expression(source: str, slots: Mapping[str, SlotType], *, must_be_bool: bool = False) -> Expression:
    """The compiled expression. ``slots`` are those that it may name.

    Raises:
        ExpressionError: it cannot be read, is too large, names something unknown, or mixes kinds that do not fit.
    """
    tree = _parse(source)
    compiler = _Compiler(source.strip(), slots)
    kind, evaluate = compiler.compile(tree, depth=0)
    if must_be_bool and kind not in {BOOL, UNKNOWN}:
        raise ExpressionError(
            "guard-not-yes-or-no",
            f"'{source}' gives a {kind}, but a condition must be true or false. Compare it with something, "
            f"or use has(…).",
        )
    plain = tree.id if isinstance(tree, ast.Name) and tree.id not in WORDS else None
    return Expression(source, evaluate, kind, frozenset(compiler.names), plain)


def _parse(source: str) -> ast.expr:
    if len(source) > MAX_LENGTH:
        raise ExpressionError(
            "guard-too-large", f"this condition has {len(source)} characters; {MAX_LENGTH} are allowed."
        )
    if source.isidentifier() and not keyword.iskeyword(source):
        return ast.Name(source)  # nearly every placeholder
    try:
        tree = ast.parse(source.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ExpressionError("guard-unreadable", _explain_syntax(source)) from error
    return tree


def _explain_syntax(source: str) -> str:
    if "=" in source and "==" not in source and not any(sign in source for sign in ("<=", ">=", "!=")):
        return f"'{source}' cannot be read. To compare, write two equals signs: ==."
    if "&&" in source or "||" in source:
        return f"'{source}' cannot be read. Write 'and' and 'or' as words."
    return f"'{source}' cannot be read. Write something like: account_type == \"savings\" and count(people) > 2."


class _Compiler:
    """Turns syntax-tree nodes into closures; ``names`` collects the slots that were mentioned."""

    def __init__(self, source: str, slots: Mapping[str, SlotType]) -> None:
        self.source = source
        self.slots = slots
        self.names: set[str] = set()
        self.count = 0
        self._by_node: dict[type[ast.expr], Callable[[Any, int], tuple[Kind, Closure]]] = {
            ast.Constant: self._constant,
            ast.Name: self._name,
            ast.Attribute: self._part,
            ast.BoolOp: self._bool_op,
            ast.UnaryOp: self._unary,
            ast.Compare: self._compare,
            ast.BinOp: self._arithmetic,
            ast.Call: self._call,
            ast.List: self._list,
            ast.Tuple: self._list,
        }

    def compile(self, node: ast.expr, depth: int) -> tuple[Kind, Closure]:
        self.count += 1
        if self.count > MAX_NODES:
            raise ExpressionError("guard-too-large", "this condition has too many parts. Split it over several steps.")
        if depth > MAX_DEPTH:
            raise ExpressionError(
                "guard-too-large", "this condition is nested too deeply. Split it over several steps."
            )
        rule = self._by_node.get(type(node))
        if rule is None:
            raise ExpressionError(
                "guard-not-allowed",
                f"'{self._written(node)}' is not part of the language of conditions. Allowed: comparisons, "
                "and, or, not, in, + - * /, count(x), has(x), today(), lower(x), length(x).",
            )
        return rule(node, depth + 1)

    def _written(self, node: ast.expr) -> str:
        """A part as the author wrote it, cut to the length of a message."""
        return (ast.get_source_segment(self.source, node) or self.source)[:80]

    def _constant(self, node: ast.Constant, depth: int) -> tuple[Kind, Closure]:
        if not isinstance(node.value, (str, int, float, bool)):
            raise ExpressionError("guard-not-allowed", f"'{self._written(node)}' is not a value that slots can have.")
        value = exact_number(self._written(node)) if isinstance(node.value, float) else as_value(node.value)
        kind = BOOL if isinstance(value, bool) else TEXT if isinstance(value, str) else NUMBER
        return kind, lambda scope: value

    def _name(self, node: ast.Name, depth: int) -> tuple[Kind, Closure]:
        name = node.id
        if name in WORDS:
            value = WORDS[name]
            return (UNKNOWN if value is None else BOOL), lambda scope: value
        self._mention(name)
        kind = KIND_OF_SLOT_TYPE.get(self.slots[name].kind, UNKNOWN)
        return kind, lambda scope: as_value(scope.get(name), kind)

    def _mention(self, name: str) -> None:
        if name in FUNCTION_NAMES:
            raise ExpressionError("guard-not-allowed", f"'{name}' is a function: write {name}(…).")
        if name not in self.slots:
            raise ExpressionError("unknown-slot", f"'{name}' is not a slot that this flow can see.", name=name)
        self.names.add(name)

    def _part(self, node: ast.Attribute, depth: int) -> tuple[Kind, Closure]:
        if not isinstance(node.value, ast.Name):
            raise ExpressionError("guard-not-allowed", f"'{self._written(node)}': only slot.part can be written.")
        self._mention(node.value.id)
        name, part = node.value.id, node.attr
        if part.startswith("_"):
            raise ExpressionError("guard-not-allowed", f"'{name}.{part}' is not a part of a slot.")
        return UNKNOWN, lambda scope: part_of(scope.get(name), part)

    def _bool_op(self, node: ast.BoolOp, depth: int) -> tuple[Kind, Closure]:
        kinds, closures = zip(*(self.compile(value, depth) for value in node.values), strict=True)
        kind = kinds[0] if len(set(kinds)) == 1 else UNKNOWN
        if isinstance(node.op, ast.And):

            def both(scope: Scope) -> Value:
                result: Value = True
                for closure in closures:
                    result = closure(scope)
                    if result is None or result is False:
                        return result
                return result

            return kind, both

        def either(scope: Scope) -> Value:
            result: Value = None
            for closure in closures:
                result = closure(scope)
                if result is not None and result is not False and result != "":
                    return result
            return result

        return kind, either

    def _unary(self, node: ast.UnaryOp, depth: int) -> tuple[Kind, Closure]:
        kind, operand = self.compile(node.operand, depth)
        if isinstance(node.op, ast.Not):
            if kind not in {BOOL, UNKNOWN}:
                raise ExpressionError("guard-kinds", f"'not' needs something that is true or false, not a {kind}.")
            return BOOL, lambda scope: operand(scope) is not True
        if isinstance(node.op, ast.USub) and kind in {NUMBER, UNKNOWN}:
            return NUMBER, lambda scope: arithmetic("-", as_value(0), operand(scope))
        raise ExpressionError("guard-not-allowed", f"'{self._written(node)}' is not part of the language.")

    def _compare(self, node: ast.Compare, depth: int) -> tuple[Kind, Closure]:
        if len(node.ops) != 1:
            raise ExpressionError("guard-not-allowed", "compare two things at a time: write a < b and b < c.")
        left_kind, left = self.compile(node.left, depth)
        right_kind, right = self.compile(node.comparators[0], depth)
        symbol = _COMPARISONS.get(type(node.ops[0]))
        if symbol is None:
            raise ExpressionError("guard-not-allowed", f"'{self._written(node)}': use == instead of is.")
        if symbol in {"in", "not in"}:
            wanted = symbol == "in"
            return BOOL, lambda scope: contains(right(scope), left(scope)) is wanted
        if UNKNOWN not in {left_kind, right_kind} and left_kind != right_kind:
            raise ExpressionError("guard-kinds", f"'{self._written(node)}' compares a {left_kind} with a {right_kind}.")
        return BOOL, lambda scope: compare(symbol, left(scope), right(scope))

    def _arithmetic(self, node: ast.BinOp, depth: int) -> tuple[Kind, Closure]:
        symbol = _ARITHMETIC.get(type(node.op))
        if symbol is None:
            raise ExpressionError("guard-not-allowed", f"'{self._written(node)}': only + - * / can be calculated.")
        left_kind, left = self.compile(node.left, depth)
        right_kind, right = self.compile(node.right, depth)
        kind = _kind_of_arithmetic(symbol, left_kind, right_kind)
        if kind is None:
            raise ExpressionError(
                "guard-kinds",
                f"'{self._written(node)}': a {left_kind} {symbol} a {right_kind} cannot be calculated.",
            )
        return kind, lambda scope: arithmetic(symbol, left(scope), right(scope))

    def _call(self, node: ast.Call, depth: int) -> tuple[Kind, Closure]:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in FUNCTION_NAMES or node.keywords:
            raise ExpressionError(
                "unknown-function", f"'{self._written(node)}' is not a known function.", name=name or None
            )
        if len(node.args) != (0 if name == "today" else 1):
            raise ExpressionError(
                "guard-not-allowed", f"{name}() takes {'nothing' if name == 'today' else 'one thing'}."
            )
        if name == "today":
            return DATE, lambda scope: scope.today()
        if name == "has":
            _kind, operand = self.compile(node.args[0], depth)
            return BOOL, lambda scope: operand(scope) not in (None, "", [])
        kind, function = FUNCTIONS[name]
        _kind, argument = self.compile(node.args[0], depth)
        return kind, lambda scope: function(argument(scope))

    def _list(self, node: ast.List | ast.Tuple, depth: int) -> tuple[Kind, Closure]:
        closures = [self.compile(item, depth)[1] for item in node.elts]
        return LIST_KIND, lambda scope: [closure(scope) for closure in closures]


_COMPARISONS: Mapping[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_ARITHMETIC: Mapping[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


def _kind_of_arithmetic(symbol: str, left: Kind, right: Kind) -> Kind | None:
    if UNKNOWN in {left, right}:
        return UNKNOWN
    if left == right == NUMBER:
        return NUMBER
    if symbol in "+-" and left == DATE and right == NUMBER:
        return DATE
    if symbol == "-" and left == right == DATE:
        return NUMBER
    return None


def prefilled(expression: Expression, scope: Scope) -> Value:
    """What a slot is filled with: another slot's value as it is, or what the expression gives; None leaves it open."""
    plain = expression.plain_slot
    value: Value = scope.get(plain) if plain is not None else as_stored(expression.evaluate(scope))
    return value
