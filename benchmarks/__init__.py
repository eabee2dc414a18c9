"""What things cost, measured: each module runs by itself and prints its figures."""
