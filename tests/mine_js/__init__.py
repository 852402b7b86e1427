"""The two mines on one home: what one writes, the other reads."""
