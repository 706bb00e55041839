"""Tests of the rule engine: what rules see, what they do, and what stops them."""
