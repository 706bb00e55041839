"""What each command of `starling` does; read in only when it is typed."""
