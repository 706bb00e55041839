"""Who is where, as all processes together know it."""
