"""Training neural networks: engines with one face, schedules, losses, devices."""
