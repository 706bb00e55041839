"""What a callback is made of: its definition, its secrets, its request, and what is shown."""
