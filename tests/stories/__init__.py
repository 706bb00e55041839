"""What the desk is for: people at two web processes use it, and speak nothing but GraphQL."""
