"""Customers' mail on its way in: to its ticket, once, whatever was sent."""
