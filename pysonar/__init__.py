"""Everybody's client of Sonar and IPFS, and the Data Scientist's library."""
