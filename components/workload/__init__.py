"""Clusters that only collect, and send everything to a centre."""
