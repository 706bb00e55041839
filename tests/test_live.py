"""What viewers see live, over WebSocket, through real server processes' edge."""
