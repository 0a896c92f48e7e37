# Benchmarks: see make bench.
