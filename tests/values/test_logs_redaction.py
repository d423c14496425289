"""The script that every line passes, run by LuaJIT, as Fluent Bit runs it: levels, redaction, labels, events.

The same script in the real Fluent Bit is the subject of tests/config/test_logs_fluent_bit.py; here are the many
samples. Needs the Python package lupa.
"""

from collections.abc import Callable
from typing import Any

import pytest

from components.logs.fluent_bit_script import LEVELS, lua, script
from components.logs.redaction import BUILTIN, lua_pattern_problem, redaction_faults, redaction_patterns

luajit = pytest.importorskip("lupa.luajit21", reason="no lupa: pip install lupa runs the script without Fluent Bit")

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
Process = Callable[..., Any]


class Script:
    """The script with its settings, and a way to call it."""

    def __init__(self, redaction: Any = None, drop: tuple[str, ...] = (), tenants: Any = None) -> None:
        self.runtime = luajit.LuaRuntime(unpack_returned_tuples=True)
        self.runtime.execute(script(redaction_patterns(redaction), drop, "fake", tenants or {}, "canary"))

    def line(self, text: Any, parsed: Any = None, **record: Any) -> Any:
        """The record made of a line; None if it is dropped."""
        labels = {"app": "cart", "pod-template-hash": "7d9", "team": "checkout"}
        pod = {"namespace_name": "shop", "pod_name": "cart-1", "container_name": "cart", "host": "n1", "labels": labels}
        given = {"log": text, "stream": "stdout", "kubernetes": pod, **({"parsed": parsed} if parsed else {}), **record}
        return self._call("process", given)

    def event(self, **event: Any) -> Any:
        return self._call("event", event)

    def _call(self, function: str, record: Any) -> Any:
        code, _, made = self.runtime.globals()[function]("kube.x", 1.0, self._table(record))
        assert code in (-1, 2)
        return None if code == -1 else self._plain(made)

    def _table(self, value: Any) -> Any:
        if isinstance(value, dict):
            return self.runtime.table_from({key: self._table(item) for key, item in value.items()})
        return value

    def _plain(self, value: Any) -> Any:
        if luajit.lua_type(value) == "table":
            return {key: self._plain(item) for key, item in value.items()}
        return value


@pytest.fixture(scope="module")
def standard() -> Script:
    return Script()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Authorization: Bearer abc.DEF-123_~+/x== sent", "Authorization: Bearer [REDACTED:bearer-token] sent"),
        ('{"authorization":"Basic dXNlcjpwYXNz"}', '{"authorization":"Basic [REDACTED:bearer-token]"}'),
        ("got eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJ-_ok", "got [REDACTED:bearer-token]"),
        ("key AKIAIOSFODNN7EXAMPLE used", "key [REDACTED:aws-access-key] used"),
        ("sts ASIAIOSFODNN7EXAMPLE.", "sts [REDACTED:aws-access-key]."),
        ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPx", "AWS_SECRET_ACCESS_KEY=[REDACTED:secret]"),
        ('secret_access_key = "wJalr/x"', 'secret_access_key = "[REDACTED:secret]"'),
        ('{"password":"two words"}', '{"password":"[REDACTED:secret]"}'),
        (r'{"log":"{\"client_secret\":\"s3\"}"}', r'{"log":"{\"client_secret\":\"[REDACTED:secret]\"}"}'),
        ("user=bob password=hunter2 ok", "user=bob password=[REDACTED:secret] ok"),
        ("POST /x?access_token=abc&page=2", "POST /x?access_token=[REDACTED:secret]&page=2"),
        ("X-Api-Key: 0123abcd", "X-Api-Key: [REDACTED:secret]"),
        ("postgres://app:p4ss@db:5432/x", "postgres://app:[REDACTED:url-password]@db:5432/x"),
        ("mail to bob.o'neil+x@mail.example.co.uk, now", "mail to bob.o'[REDACTED:email], now"),
        ("card 4111 1111 1111 1111 on file", "card [REDACTED:card-number] on file"),
        ("card 5500-0000-0000-0004.", "card [REDACTED:card-number]."),
        ("amex 3782 822463 10005", "amex [REDACTED:card-number]"),
        ("pan=4111111111111111", "pan=[REDACTED:card-number]"),
        ("ssn 078-05-1120", "ssn [REDACTED:social-security-number]"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nafter",
            "[REDACTED:private-key]\nafter",
        ),
        ("-----BEGIN EC PRIVATE KEY----- MIIE and no end", "[REDACTED:private-key]"),
        # Better too much than too little.
        ("the bearer of news", "the bearer [REDACTED:bearer-token] news"),
        ("two: a@b.io, c@d.io", "two: [REDACTED:email], [REDACTED:email]"),
    ],
)
def test_secrets_and_personal_data_are_taken_out(standard: Script, text: str, expected: str) -> None:
    assert standard.line(text)["log"] == expected


@pytest.mark.parametrize(
    "text",
    [
        "order 4111111111111112 is no card: its check sum is wrong",
        "1763718986123456789 ppppp",
        "2026-11-21T10:00:00.123456789Z GET /api/v1/cart/12345 200 in 12ms",
        "max_tokens 512, tokens: 17",
        "trace_id=" + TRACE,
        "uuid 123e4567-e89b-12d3-a456-426614174000",
        "arn:aws:iam::123456789012:role/x AKIA",
        "http://service:8080/path",
        "password reset for user 7",
        "",
    ],
)
def test_what_is_no_secret_stays(standard: Script, text: str) -> None:
    assert standard.line(text)["log"] == text


@pytest.mark.parametrize(
    ("text", "parsed", "level"),
    [
        ("{}", {"level": "WARNING"}, "warn"),
        ("{}", {"severity": "Critical"}, "fatal"),
        ("{}", {"level": 50}, "error"),
        ("{}", {"severity_number": 9}, "info"),
        ("{}", {"severity_number": 21}, "fatal"),
        ("{}", {"log.level": "debug"}, "debug"),
        ("{}", {"level": "whatever", "msg": "x"}, "unknown"),
        ("ts=1 level=error msg=x", None, "error"),
        (r"{\"level\":\"warn\"}", None, "warn"),
        ("I1121 10:00:00.000000 1 main.go:1] x", None, "info"),
        ("F1121 10:00:00.000000 1 main.go:1] x", None, "fatal"),
        ("2026-11-21 10:00:00,1 ERROR com.example.X - boom", None, "error"),
        ("[warn] nginx: x", None, "warn"),
        ("panic: runtime error", None, "fatal"),
        ("Traceback (most recent call last):\n  File", None, "error"),
        ("java.lang.IllegalStateException: x", None, "error"),
        ("ValueError: x", None, "error"),
        ("hello world", None, "unknown"),
        ("the INFORMATION desk", None, "info"),
    ],
)
def test_the_level_is_found_however_it_is_written(standard: Script, text: str, parsed: Any, level: str) -> None:
    assert standard.line(text, parsed)["level"] == level
    assert level in LEVELS


def test_debug_and_trace_are_dropped_when_asked_for() -> None:
    strict = Script(drop=("trace", "debug"))
    assert strict.line("level=debug x") is None
    assert strict.line("{}", {"level": 10}) is None
    assert strict.line("level=info x")["level"] == "info"


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("{}", {"trace_id": TRACE, "span_id": SPAN}),
        ("{}", {"traceId": TRACE.upper(), "spanId": SPAN}),
        (f"msg trace_id={TRACE} span_id={SPAN}", None),
        (f'{{"traceID":"{TRACE}","spanID":"{SPAN}"}}', None),
    ],
)
def test_trace_ids_are_kept(standard: Script, text: str, parsed: Any) -> None:
    metadata = standard.line(text, parsed)["metadata"]
    assert (metadata["trace_id"], metadata["span_id"]) == (TRACE, SPAN)


def test_what_is_no_trace_id_is_not_taken_for_one(standard: Script) -> None:
    metadata = standard.line("{}", {"trace_id": "not hex at all; x"})["metadata"]
    assert "trace_id" not in metadata


def test_pods_are_metadata_and_applications_are_labels(standard: Script) -> None:
    made = standard.line("x")
    assert (made["namespace"], made["app"], made["stream"]) == ("shop", "cart", "stdout")
    assert made["metadata"] == {"pod": "cart-1", "container": "cart", "node": "n1", "label_team": "checkout"}


def test_without_kubernetes_metadata_a_line_is_sent_all_the_same(standard: Script) -> None:
    made = standard.line("x", kubernetes=None)
    assert (made["namespace"], made["app"]) == ("unknown", "unknown")


def test_namespaces_have_tenants() -> None:
    assert Script(tenants={"shop": "games"}).line("x")["tenant"] == "games"
    assert Script().line("x")["tenant"] == "fake"


def test_a_line_that_breaks_the_script_is_not_sent_as_it_was(standard: Script) -> None:
    made = standard.line("password=hunter2", kubernetes={"labels": {"app": "x"}, "namespace_name": {}})
    assert "hunter2" not in str(made)
    broken = Script({"builtin": [], "patterns": {"broken": "%g("}})
    made = broken.line("password=hunter2")
    assert made["log"].startswith("[REDACTED:unreadable]")
    assert "hunter2" not in str(made)


def test_events_are_lines_with_level_and_namespace(standard: Script) -> None:
    made = standard.event(
        type="Warning",
        reason="BackOff",
        message="token=abc failed",
        count=3,
        involvedObject={"kind": "Pod", "name": "cart-1", "namespace": "shop"},
        source={"component": "kubelet", "host": "n1"},
    )
    assert made["log"] == "BackOff Pod/cart-1: token=[REDACTED:secret] failed"
    assert (made["level"], made["namespace"]) == ("warn", "shop")
    assert made["metadata"] == {
        "reason": "BackOff", "kind": "Pod", "name": "cart-1", "component": "kubelet", "node": "n1", "count": "3",
    }  # fmt: skip
    assert standard.event(type="Normal", reason="x")["level"] == "info"


# --- a caller's own patterns -------------------------------------------------------------------------


def test_a_caller_s_pattern_keeps_its_first_capture() -> None:
    own = Script({"builtin": [], "patterns": {"customer": "(customer )%d+", "start": "^id %d+"}})
    assert own.line("customer 12345 called")["log"] == "customer [REDACTED:customer] called"
    assert own.line("id 7 and id 8")["log"] == "[REDACTED:start] and id 8"
    assert own.line("a@b.io")["log"] == "a@b.io", "no built-in one was asked for"


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("", "it is empty"),
        ("abc%", "it ends with %"),
        ("[abc", "a set has no end"),
        ("[^]", "a set has no end"),
        ("(abc", "a capture has no end"),
        ("abc)", "a capture ends that never began"),
        ("%fabc", "%f needs a set"),
        ("%b(", "%b needs two characters"),
        ("[%]]+(%d)%f[%W]%b()", ""),
        ("%(%)%[", ""),
    ],
)
def test_lua_and_we_agree_on_what_is_a_pattern(pattern: str, problem: str) -> None:
    assert lua_pattern_problem(pattern).startswith(problem)
    assert bool(lua_pattern_problem(pattern)) == bool(problem)
    if pattern:
        works = luajit.LuaRuntime().eval("function(p) return (pcall(string.match, 'abc', p)) end")
        # As it is, and as the script embeds it: Lua notices some faults only on its way through a text.
        accepted = works(pattern) and works(f"(){pattern}()")
        assert accepted == (not problem)


def test_bad_redaction_settings_are_named() -> None:
    faults = redaction_faults({"builtin": ["mail"], "patterns": {"X": "a", "y": "("}})
    assert [fault.path for fault in faults] == [
        "redaction.builtin",
        "redaction.patterns.X",
        "redaction.patterns.y",
    ]
    assert "a capture has no end" in str(faults[2])


def test_built_in_patterns_are_lua_s_and_none_matches_nothing() -> None:
    find = luajit.LuaRuntime().eval("function(p) return string.find('', p) end")
    for patterns in BUILTIN.values():
        for pattern in patterns:
            assert lua_pattern_problem(pattern.pattern) == "", pattern
            assert find(pattern.pattern) is None, pattern
            assert pattern.hint == pattern.hint.lower()


def test_settings_become_lua_literals_without_double_brackets() -> None:
    text = lua({"a": [{"b": True}], "{{": 'quote " \\ é'})
    assert "{{" not in text
    table = luajit.LuaRuntime().eval(text)
    assert table["{{"] == 'quote " \\ é'
    assert table["a"][1]["b"] is True
