"""Secrets and personal data that never leave a node: patterns, and what is wrong with a caller's own.

Patterns are Lua's (Lua 5.1 manual, 5.4.1), since Fluent Bit's only way to replace part of a line is a Lua
script. They know no alternatives and no counts; what needs arithmetic (Luhn) has a check by name.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple, NotRequired, TypedDict

from ..validation import Fault


class RedactionArgs(TypedDict):
    """What is taken out of every line before it is sent."""

    builtin: NotRequired[list[str]]
    """Names of the built-in patterns to apply. Default all of them."""
    patterns: NotRequired[dict[str, str]]
    """Further Lua patterns by name: what matches becomes `[REDACTED:<name>]`, or keeps its first capture before
    that. Default none."""


class Pattern(NamedTuple):
    """Something to be taken out."""

    name: str
    pattern: str
    """Lua pattern. Its first capture, if it has one, stays; a second one stays behind."""
    hint: str = ""
    """Text in lower case that every match contains: a line without it, in any case, is not searched."""
    check: str = ""
    """`luhn` for what is only taken out if its digits pass."""


def anycase(word: str) -> str:
    """A Lua pattern for a word in any case; `?` after a character keeps its meaning."""
    return "".join(f"[{c.lower()}{c.upper()}]" if c.isalpha() else c for c in word)


_QUOTE = "\\?[\"']"
"""A quote, also as JSON within JSON writes it; followed by `?`, one that may be missing."""
_SECRETS = {
    "passwor?d": "passw", "passwd": "passw", "passphrase": "passphrase", "secret": "secret", "token": "token",
    "secret_?access_?key": "secret", "api[_%-]?key": "api", "private_?key": "private",
}  # fmt: skip
"""What a secret is called, and the hint for it. `client_secret` and `accessToken` end like this."""


def _keyed(word: str, hint: str) -> list[Pattern]:
    """A secret after its name: quoted up to the quote's end, else up to what ends a value."""
    name = f"({anycase(word)}{_QUOTE}?%s*[:=]%s*"
    quoted = f"{name}{_QUOTE})[^\"'\\]+"
    bare = f"{name})[^%s\"'\\&,;}}%[{{][^%s\"'\\&,;}}]*"
    return [Pattern("secret", pattern, hint) for pattern in (quoted, bare)]


def _digits(count: int) -> str:
    return "%d" * count


BUILTIN: dict[str, list[Pattern]] = {
    "private-key": [
        Pattern(
            "private-key",
            "%-%-%-%-%-BEGIN [%u ]*PRIVATE KEY%-%-%-%-%-.-%-%-%-%-%-END [%u ]*PRIVATE KEY%-%-%-%-%-",
            "private key",
        ),
        Pattern("private-key", "%-%-%-%-%-BEGIN [%u ]*PRIVATE KEY%-%-%-%-%-.*", "private key"),
    ],
    "bearer-token": [
        Pattern("bearer-token", "([Bb]earer%s+)[%w%-%._~%+/]+=*", "earer"),
        Pattern(
            "bearer-token", f"({anycase('authorization')}{_QUOTE}?%s*[:=]%s*{_QUOTE}?[Bb]asic%s+)[%w%+/]+=*", "basic"
        ),
        Pattern("bearer-token", "%f[%w]eyJ[%w_%-]+%.eyJ[%w_%-]+%.[%w_%-]*", "eyj"),
    ],
    "aws-access-key": [Pattern("aws-access-key", "%f[%w]A[KS]IA" + "[%u%d]" * 16 + "%f[%W]", "ia")],
    "url-password": [Pattern("url-password", "(://[^/%s:@\"']+:)[^/%s@\"']+(@)", "://")],
    "secret": [pattern for word, hint in _SECRETS.items() for pattern in _keyed(word, hint)],
    "email": [Pattern("email", "[%w%.%%%+_%-]+@[%w%-]+%.[%w%.%-]*%w", "@")],
    "card-number": [
        Pattern(
            "card-number", f"%f[%w]{_digits(4)}([ %-]){_digits(4)}%1{_digits(4)}%1{_digits(4)}%f[%W]", check="luhn"
        ),
        Pattern("card-number", f"%f[%w]{_digits(4)}([ %-]){_digits(6)}%1{_digits(5)}%f[%W]", check="luhn"),
        Pattern("card-number", f"%f[%w]{_digits(13)}%d*%f[%W]", check="luhn"),
    ],
    "social-security-number": [
        Pattern("social-security-number", f"%f[%w]{_digits(3)}%-{_digits(2)}%-{_digits(4)}%f[%W]", "-")
    ],
}
"""In the order in which they are applied: what is longer first, so that nothing is left of it."""


def redaction_patterns(given: RedactionArgs | None) -> list[Pattern]:
    """Every pattern that is applied."""
    chosen = (given or {}).get("builtin", list(BUILTIN))
    own = (given or {}).get("patterns", {})
    return [
        *(pattern for name, patterns in BUILTIN.items() if name in chosen for pattern in patterns),
        *(Pattern(name, pattern) for name, pattern in own.items()),
    ]


def redaction_faults(given: RedactionArgs | None, path: str = "redaction") -> list[Fault]:
    """Unknown names, and patterns that Lua would refuse or that match nothing at all."""
    faults = [
        Fault(f"{path}.builtin", name, f"be one of {', '.join(BUILTIN)}")
        for name in (given or {}).get("builtin", [])
        if name not in BUILTIN
    ]
    patterns: Mapping[str, Any] = (given or {}).get("patterns", {})
    for name, pattern in patterns.items():
        where = f"{path}.patterns.{name}"
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,40}", name):
            faults.append(Fault(where, name, "be named with lower-case letters, digits and hyphens"))
        if problem := lua_pattern_problem(pattern):
            faults.append(Fault(where, pattern, f"be a Lua pattern: {problem}"))
    return faults


def lua_pattern_problem(pattern: str) -> str:
    """Why Lua would refuse a pattern, or why it is none; empty if it is fine."""
    if not pattern:
        return "it is empty, and would match between all characters"
    position, depth = 0, 0
    while position < len(pattern):
        char = pattern[position]
        if char == "%":
            following = pattern[position + 1 : position + 2]
            if not following:
                return "it ends with %"
            if following == "f" and pattern[position + 2 : position + 3] != "[":
                return "%f needs a set after it"
            if following == "b" and len(pattern) < position + 4:
                return "%b needs two characters after it"
            position += 4 if following == "b" else 2
            continue
        if char == "[":
            end = _set_end(pattern, position)
            if end < 0:
                return "a set has no end: ] is missing"
            position = end
        elif char in "()":
            depth += 1 if char == "(" else -1
            if depth < 0:
                return "a capture ends that never began"
        position += 1
    return "a capture has no end: ) is missing" if depth else ""


def _set_end(pattern: str, start: int) -> int:
    """Position of the `]` that ends the set, which may itself begin with one; -1 without."""
    position = start + 1
    if pattern[position : position + 1] == "^":
        position += 1
    first = True
    while position < len(pattern):
        if pattern[position] == "]" and not first:
            return position
        position += 2 if pattern[position] == "%" else 1
        first = False
    return -1
