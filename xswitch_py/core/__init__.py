"""What a switch is."""
