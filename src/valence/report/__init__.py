"""From a store of runs to a board: ranked table, figures, page."""
