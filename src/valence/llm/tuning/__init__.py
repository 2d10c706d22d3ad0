"""Instruction tuning: low-rank updates beside a language model's frozen weights, trained on the answer alone or under a new head."""
