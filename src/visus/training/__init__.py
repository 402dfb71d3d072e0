"""Learning: recipes, schedules, compiled steps, checkpoints, the loop."""
