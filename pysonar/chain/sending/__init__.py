"""Transactions: keys, fees, and an outbox that sends each once."""
