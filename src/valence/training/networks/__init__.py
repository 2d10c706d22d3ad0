"""The networks themselves: one file each, and the layers they share."""
