"""The programs: thin layers over the graphs and the corpus."""
