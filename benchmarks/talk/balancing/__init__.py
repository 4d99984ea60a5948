"""What the experiment `load_balancing` needs: counts per worker, balancers, polling sessions."""
