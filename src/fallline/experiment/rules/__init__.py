"""What must hold in an experiment, and how it is brought about after a change, a rule at a time."""
