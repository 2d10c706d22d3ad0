"""What the runs add up to: the board as a table, a page and figures, paired comparisons, and what is committed of a run.

Everything here reads a store; nothing imports a method, a model or torch.
"""
