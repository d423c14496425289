"""The page of rules says what the rules say."""

from pathlib import Path

from policies import docs
from policies.rules import RULES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "policies.md"


def test_the_page_is_up_to_date() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert docs.rewritten(text) == text, "run: python -m policies.docs docs/policies.md"
    assert all(f"### {rule.id}\n" in text for rule in RULES)
