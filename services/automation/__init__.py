"""The parts of rules: what they are, when they match, what they do, and what stops them."""
