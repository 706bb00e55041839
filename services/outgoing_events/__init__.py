"""What happens, on its way to other systems: read in the log, written down, and sent."""
